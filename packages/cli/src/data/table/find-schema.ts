import { UsageError } from "@flowify/core";
import { unknownName } from "../../ui/format.js";
import { expectDates } from "./calendar.js";
import { cellReader } from "./cell.js";
import { expectUsable } from "./check-columns.js";
import { type ColumnTally, columnTally, distinctLimit } from "./column-tally.js";
import { compactDates, hintOf, type Likeness, lookAlike } from "./look-alikes.js";
import type { ColumnSchema, ColumnType, TableChoice, TableSchema } from "./schema.js";
import { expectEnough } from "./split-rows.js";
import { atomsOf, cycleOf, type Gap, gapOf, histogramOf, levelsOf } from "./spread.js";
import { listFirst, type Table } from "./table.js";
import type { ColumnFormat } from "./written-as.js";

/** Values that a category has at most, and rows that each has on average at least. */
const CATEGORY = { values: 256, rowsEach: 4 } as const;

/** From this share of numbers on, text among them is a mistake and not a name. */
const MOSTLY = 0.9;

/** Different whole numbers from which on one of them may be an atom: of few each has a probability anyway. */
const MANY = 20;

/** Names of columns that number rows. */
const ID_NAME = /(^|[^a-z])(id|uuid|key|index|row)$/i;

/** A value is a spike from this share of the rows on. */
const SPIKE = 0.05;
const SPIKES = 3;

/** Rounding of float32 beside 1, and beside the spread of a column that is too much. */
const FLOAT32 = 2 ** -24;
const ROUNDED = 1e-3;

/**
 * The columns of a table: one reading of the file, in memory that does not grow with it.
 *
 * @throws UsageError for columns that the table does not have, and for a calendar of no dates
 */
export async function findSchema(path: string, table: Table, choice: TableChoice = {}): Promise<TableSchema> {
  expectColumns(path, table, choice);
  const reader = cellReader();
  const tallies = table.names.map((name, i) => columnTally(name, i, distinctLimit(table.names.length)));
  let rows = 0;
  for await (const block of table.blocks()) {
    rows += block.count;
    for (const [i, tally] of tallies.entries()) {
      const column = block.columns[i];
      if (column) tally.add(column, block, reader);
    }
  }
  return expectDates({
    version: 1,
    rows,
    ...(table.separator && { separator: table.separator }),
    ...(table.missing && { missing: table.missing }),
    columns: tallies.map((tally) => columnOf(tally, choice, table.formats?.get(tally.name))),
  });
}

/**
 * The columns of a table to learn from.
 *
 * @returns `notes`: what to know of so few rows, a line
 * @throws as `findSchema`; DataError for a table without enough rows, without a column to learn from, or with cells that do not
 * fit their column
 */
export async function schemaToLearn(
  path: string,
  table: Table,
  choice: TableChoice = {},
): Promise<{ schema: TableSchema; notes: string[] }> {
  const schema = await findSchema(path, table, choice);
  expectUsable(path, schema);
  return { schema, notes: expectEnough(path, schema.rows) };
}

function expectColumns(
  path: string,
  { names }: Table,
  { columns = [], drop = [], calendar = [], id }: TableChoice,
): void {
  const named: [flag: string, column: string][] = [
    ...columns.map((column): [string, string] => ["--columns", column]),
    ...drop.map((column): [string, string] => ["--drop", column]),
    ...calendar.map((column): [string, string] => ["--calendar", column]),
    ...(id === undefined ? [] : [["--id", id] as [string, string]]),
  ];
  for (const [flag, column] of named)
    if (!names.includes(column))
      throw new UsageError(`${flag}: ${path}: ${unknownName("column", column, names)}`);
}

function columnOf(
  tally: ColumnTally,
  choice: TableChoice,
  { writtenAs, style }: ColumnFormat = {},
): ColumnSchema {
  const { name, kinds } = tally;
  const isTime = choice.calendar?.some((date) => name === `${date} time`) ?? false;
  const { type, problem } = typeOf(tally, isTime);
  const numeric =
    type === "continuous" ||
    type === "integer" ||
    type === "date" ||
    (type === "identifier" && kinds.number.count > 0 && kinds.text.count === 0);
  const { least, most, mean, std, whole, decimals, digits } = tally.numbers();
  const distinct = tally.counts.size;
  const spikes = spikesOf(tally, type);
  const many = type === "integer" && distinct > MANY;
  const atoms = type === "continuous" || many ? atomsOf(tally, spikes) : [];
  const cycle = numeric ? cycleOf(tally) : undefined;
  const gap = gapOf(tally, whole || cycle !== undefined, atoms);
  const levels = numeric ? levelsOf(tally, gap) : [];
  const origin = originOf(type, { least, most, mean, std }, gap);
  const likeness = likenessOf(tally);
  const code = numeric && tally.complete() ? codeOf(tally) : undefined;
  return {
    name,
    type,
    use: useOf(name, type, numeric, choice),
    missing: kinds.missing.count,
    distinct,
    ...(!tally.complete() && { uncounted: true as const }),
    ...(numeric && {
      range: { least, most, mean, std },
      ...gap,
      ...(cycle !== undefined && !gap.uneven && { cycle }),
      ...(type === "continuous" && decimals !== undefined && { decimals }),
      ...(type === "continuous" && digits !== undefined && { digits }),
      histogram: histogramOf(tally),
    }),
    ...(numeric && origin !== 0 && { origin }),
    ...((type === "category" || type === "boolean" || type === "constant") && { values: valuesOf(tally) }),
    ...(spikes.length > 0 && { spikes }),
    ...(atoms.length > 0 && { atoms: atoms.map(Number) }),
    ...(levels.length > 0 && { levels }),
    ...(choice.calendar?.includes(name) && { calendar: true as const }),
    ...(numeric &&
      kinds.number.count > 0 &&
      whole &&
      Math.max(-least, most) > Number.MAX_SAFE_INTEGER && { hint: MERGES }),
    ...(code !== undefined && {
      hint: `${code} lies far beyond all other numbers, as a code for missing ones does; if it is one, add --missing ${code}`,
    }),
    ...(likeness &&
      problem === undefined && {
        looksLike: likeness.looksLike,
        hint: hintOf(likeness, kinds.text.count > 0 ? "texts" : "numbers"),
      }),
    ...(writtenAs !== undefined && { writtenAs }),
    ...(style !== undefined && { style }),
    ...(problem !== undefined && { problem: likeness ? `${problem}; write ${likeness.write}` : problem }),
  };
}

/** What is subtracted: of dates the middle, of numbers what float32 needs for their spread, and for their steps where it can keep them. */
function originOf(
  type: ColumnType,
  { least, most, mean, std }: NonNullable<ColumnSchema["range"]>,
  { gap, uneven }: Gap,
): number {
  // from the middle, float32 has one more bit
  const middle = Math.floor((least + most) / 2);
  if (type === "date") return middle;
  const nearby = Math.abs(mean) * FLOAT32 > ROUNDED * std ? Math.floor(least) : 0;
  if (gap === 0 || uneven) return nearby;
  const keepsSteps = (origin: number): boolean => {
    const largest = Math.max(Math.abs(least - origin), Math.abs(most - origin));
    return FLOAT32 * 2 ** Math.floor(Math.log2(largest)) <= gap / 2;
  };
  return [nearby, middle].find(keepsSteps) ?? nearby;
}

/** Whole numbers that doubles do not tell from their neighbors. */
const MERGES =
  "whole numbers beyond ±9007199254740992 are rounded, so neighbors merge; if they are names, choose the column by --id or leave it out by --drop";

/** Numbers such as 9999 and -999.0, with which people write that a value is missing. */
const CODE = /^-?9{2,}(\.0+)?$/;

/** A number of this kind that repeats beyond all others, farther than these lie apart. */
function codeOf({ counts, kinds }: ColumnTally): string | undefined {
  if (kinds.number.count === 0) return undefined;
  return [...counts].find(([code, count]) => {
    if (count < 2 || !CODE.test(code)) return false;
    const others = [...counts.keys()].filter((text) => text !== code).map(Number);
    const [least, most] = others.reduce(
      ([low, high], each) => [Math.min(low, each), Math.max(high, each)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    return others.length > 1 && Math.max(least - Number(code), Number(code) - most) > most - least;
  })?.[0];
}

/** What a person reads in texts, or in whole numbers. */
function likenessOf({ kinds, counts, numbers }: ColumnTally): Likeness | undefined {
  if (kinds.text.count > 0) return lookAlike(counts.keys());
  return kinds.number.count > 0 && numbers().whole ? compactDates(counts.keys()) : undefined;
}

function useOf(
  name: string,
  type: ColumnType,
  numeric: boolean,
  { columns, drop = [], id }: TableChoice,
): ColumnSchema["use"] {
  if (name === id) return "id";
  if (drop.includes(name) || (columns && !columns.includes(name))) return "none";
  if (numeric && columns) return "model";
  // what holds a mistake is not passed over in silence: training refuses it by name
  return type === "constant" || type === "identifier" || type === "text" ? "none" : "model";
}

/** @param isTime the column is the time of a date: it is missing where its date is, so one time of all says nothing */
function typeOf(tally: ColumnTally, isTime: boolean): { type: ColumnType; problem?: string } {
  const { kinds, counts, name } = tally;
  const [number, date, truth, text, beyond] = [
    kinds.number.count,
    kinds.date.count,
    kinds.boolean.count,
    kinds.text.count,
    kinds["out of range"].count,
  ];
  const present = number + date + truth + text + beyond;
  if (counts.size <= 1 && beyond === 0)
    return { type: present > 0 && kinds.missing.count > 0 && !isTime ? "category" : "constant" };
  if (beyond > 0 && text + date + truth === 0)
    return {
      type: "continuous",
      problem: `${listFirst(kinds["out of range"].first, beyond)}: numbers must be finite and within ±3.4e38 (float32)`,
    };
  const isFew =
    tally.complete() && counts.size <= CATEGORY.values && counts.size * CATEGORY.rowsEach <= present;
  const numberKinds = [
    ["number", number],
    ["date", date],
  ] as const;
  for (const [kind, count] of numberKinds) {
    if (count < MOSTLY * present) continue;
    if (count < present) return { type: "mixed", problem: othersOf(tally, kind) };
    if (kind === "date") return { type: "date" };
    const { whole, consecutive } = tally.numbers();
    const unique = !tally.complete() || counts.size === number;
    if (whole && unique && (consecutive || ID_NAME.test(name))) return { type: "identifier" };
    if (isFew && areCodes(counts.keys())) return { type: "category" };
    return { type: whole ? "integer" : "continuous" };
  }
  if (truth === present) return { type: "boolean" };
  if (isFew) return { type: "category" };
  return { type: counts.size === present || !tally.complete() ? "identifier" : "text" };
}

/** True for whole numbers of one width of which some have zeros in front, such as 02139: they name something. */
function areCodes(cells: Iterable<string>): boolean {
  const [first = "", ...others] = cells;
  const codes = [first, ...others];
  return (
    codes.every((code) => /^\d+$/.test(code) && code.length === first.length) &&
    codes.some((code) => code.length > 1 && code.startsWith("0"))
  );
}

/** Cells that are neither missing nor of the kind that most are of. */
function othersOf({ kinds }: ColumnTally, usual: "number" | "date"): string {
  const others = (["text", "number", "boolean", "date", "out of range"] as const).filter(
    (kind) => kind !== usual,
  );
  const count = others.reduce((sum, kind) => sum + kinds[kind].count, 0);
  return `most cells hold a ${usual}, but ${listFirst(
    others.flatMap((kind) => kinds[kind].first),
    count,
  )}`;
}

/** The values of a category, the most frequent first, with null where some are missing. */
function valuesOf({ counts, kinds }: ColumnTally): (string | null)[] {
  const all: [string | null, number][] = [...counts];
  if (kinds.missing.count > 0) all.push([null, kinds.missing.count]);
  return all.sort((a, b) => b[1] - a[1]).map(([value]) => value);
}

function spikesOf(tally: ColumnTally, type: ColumnType): { value: string; share: number }[] {
  if (type === "constant" || type === "identifier" || type === "text") return [];
  const rows = Math.max(1, tally.rows());
  return [...tally.counts]
    .map(([value, count]) => ({ value, share: count / rows }))
    .filter(({ share }) => share >= SPIKE)
    .sort((a, b) => b.share - a.share)
    .slice(0, SPIKES);
}
