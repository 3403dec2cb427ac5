import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { meanAndSpread } from "../statistics.js";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { flowRange } from "./columns/number.js";
import { apart, FLOAT32, isEqual, placeIn } from "./flow-rows.js";

/**
 * Least share of its numbers, and fewest rows, in which a column is equal to another one; least gain, in nats a number; and fewest
 * different values, as few have probabilities anyway.
 */
const LEAST = { share: 0.05, rows: 20, gain: 0.2, values: 20 } as const;

/** Rows that are looked at first. */
const FIRST = 256;

/**
 * A schema that says which columns of numbers have the value of another one in many rows: takings of a country and of the
 * world, the first and the last day. A density of numbers has nothing for that. Copies are left as they are.
 *
 * @param rows encoded rows, [n, columns]
 */
export function withEqualColumns(schema: TableSchema, rows: Float32Array): TableSchema {
  const own = ownColumns(tableColumns(schema));
  const numbers = own
    .filter(({ found }) => found.range && !found.period && !found.levels && found.distinct > LEAST.values)
    .map((column): Numbers => {
      const values = columnIn(rows, own.length, column.place);
      const isNumber = (row: number): boolean =>
        !Number.isNaN(values[row]!) && placeIn(column.instead, values[row]!) < 0;
      const found = [...values.keys()].filter(isNumber);
      const first = Math.min(found.length, FIRST);
      const looked = Uint32Array.from(
        { length: first },
        (_, k) => found[Math.floor((k * found.length) / first)]!,
      );
      return { column, values, rows: found, looked };
    });
  const pairs = numbers.flatMap((each) =>
    numbers.flatMap((other) => {
      const equals = each === other ? undefined : equalRows(each, other);
      return equals ? [{ name: each.column.name, equals: { column: other.column.name, ...equals } }] : [];
    }),
  );
  // what is never less than another one is measured from it, in the order of how often both are equal
  const rank = ({ equals }: (typeof pairs)[number]): number =>
    equals.share + Number(equals.above !== undefined);
  const found = new Map<string, ColumnSchema["equals"]>();
  const others = new Set<string>();
  for (const { name, equals } of pairs.toSorted((a, b) => rank(b) - rank(a))) {
    if (found.has(name) || others.has(name) || found.has(equals.column)) continue;
    found.set(name, equals);
    others.add(equals.column);
  }
  const columns = schema.columns.map((column) => {
    const equals = found.get(column.name);
    return equals ? { ...column, equals } : column;
  });
  return { ...schema, columns };
}

/** The numbers of a column, and the rows in which it has one without its own probability. */
type Numbers = Readonly<{
  column: TableColumn;
  values: Float32Array;
  rows: readonly number[];
  /** Some of these rows. */
  looked: Uint32Array;
}>;

/** In which rows two columns are equal; undefined where these are few, what a smooth density has, or all that there are. */
function equalRows(
  { column: { found }, values, rows, looked }: Numbers,
  { column: before, values: others }: Numbers,
): Omit<NonNullable<ColumnSchema["equals"]>, "column"> | undefined {
  const origins = apart(found, before.found);
  if (origins !== 0 && [found, before.found].some(isRounded)) return undefined;
  let seen = 0;
  // a plain loop: a wide table has very many pairs
  for (const row of looked) if (isEqual(values[row]!, others[row]!, origins)) seen++;
  if (seen < (LEAST.share * looked.length) / 2) return undefined;
  const equal = (row: number): boolean => isEqual(values[row]!, others[row]!, origins);
  const different = rows.filter((row) => !equal(row));
  const more = different.map((row) => values[row]! - others[row]! - origins);
  const same = rows.length - different.length;
  if (different.length === 0 || same < LEAST.rows) return undefined;
  const smooth = Math.max(
    byChance(values, others, rows, origins),
    byNeighbours(more, stepOf(found, before.found)),
  );
  if (gainOf(same / rows.length, smooth / rows.length) < LEAST.gain) return undefined;
  const share = same / values.length;
  const isAbove = different.length >= LEAST.rows && more.every((each) => each > 0);
  return isAbove && sameGrid(found, before.found) ? { share, above: rangeOf(more) } : { share };
}

/** Gain by its own probability of a value that has a share of the rows, and would have another share; in nats a row. */
const gainOf = (share: number, smooth: number): number =>
  share * Math.log(share / smooth) + (1 - share) * Math.log(1 - share);

/** Whether float32 does not keep the steps of a column. */
const isRounded = ({ gap = 0, ...column }: ColumnSchema): boolean => {
  const { least, most } = flowRange(column);
  return gap > 0 && Math.max(-least, most) * FLOAT32 > gap / 2;
};

/** The step of two columns; without one, the rounding of the largest number. */
function stepOf(a: ColumnSchema, b: ColumnSchema): number {
  const ends = [a, b].flatMap(({ range }) => (range ? [range.least, range.most] : []));
  return Math.max(a.gap ?? 0, b.gap ?? 0) || Math.max(...ends.map(Math.abs)) * FLOAT32;
}

/** In how many rows two columns were equal by the density of the smallest differences, all of which may have one sign. */
function byNeighbours(differences: readonly number[], step: number): number {
  const sizes = differences.map(Math.abs).sort((a, b) => a - b);
  const nearest = sizes[Math.min(LEAST.rows, sizes.length) - 1]!;
  return (sizes.filter((size) => size <= nearest).length * step) / Math.max(nearest, step);
}

/** In how many rows two columns were equal if they were independent. */
function byChance(
  values: Float32Array,
  others: Float32Array,
  rows: readonly number[],
  origins: number,
): number {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(values[row]!, (counts.get(values[row]!) ?? 0) + 1);
  const met = rows.reduce((sum, row) => sum + (counts.get(Math.fround(others[row]! + origins)) ?? 0), 0);
  return met / rows.length;
}

/** Whether what one number is more than the other lies on the grid of both, or neither has one. */
const sameGrid = (a: ColumnSchema, b: ColumnSchema): boolean => a.gap === b.gap && !a.uneven && !b.uneven;

function rangeOf(numbers: readonly number[]): NonNullable<ColumnSchema["range"]> {
  const sorted = Float64Array.from(numbers).sort();
  return { least: sorted[0]!, most: sorted.at(-1)!, ...meanAndSpread(numbers) };
}
