import { FEATURES } from "../../data/table/calendar.js";
import type { ColumnSchema } from "../../data/table/schema.js";
import { category } from "./category.js";
import { circle, clock } from "./clock.js";
import type { ColumnKind, ColumnValue } from "./column-kind.js";
import { date } from "./date.js";
import { instead, number } from "./number.js";

/** All kinds of columns, in the order in which a column is tried. */
const kinds: readonly ColumnKind[] = [clock, circle, date, number, category];

/** A column that a model learns from. */
export type TableColumn = Readonly<{
  name: string;
  /** Its facts in the training table. */
  found: ColumnSchema;
  kind: ColumnKind;
  /** The place of its number in an encoded row; for a weekday or a month, the place of its date. */
  place: number;
  /** A weekday or a month follows from a date, less this origin, and has no number in an encoded row. */
  follows?: Readonly<{ part: "weekday" | "month"; origin: number }>;
  /** Where its numbers stand in a row of a flow: `at`, and where there are codes, the one after it holds which the cell has. */
  at: number;
  /** How many codes there are from 1 on: those of `instead`, then that of `same`. */
  codes: number;
  /** What a cell may be in place of a number with a density: NaN for a missing one, and values that many rows share. */
  instead: readonly number[];
  /** A column whose value it has in many rows; where those are `above` it, its numbers in a row of a flow are what it has more. */
  same?: TableColumn;
}>;

type Columns = Readonly<{ columns: readonly ColumnSchema[] }>;

/** The columns of a table that its models take, in their order. */
export function tableColumns({ columns }: Columns): TableColumn[] {
  const used = columns.filter(({ use }) => use === "model");
  const [time, ...followers] = FEATURES;
  const dates = used.filter(({ calendar }) => calendar);
  const dateOf = (name: string, part: string): ColumnSchema | undefined =>
    dates.find((date) => name === `${date.name} ${part}`);
  const partOf = (name: string) => followers.find((part) => dateOf(name, part) !== undefined);
  const own = used.flatMap(({ name }) => (partOf(name) === undefined ? [name] : []));
  let at = 0;
  const all = used.map((found): TableColumn => {
    const { name } = found;
    const part = partOf(name);
    const day = part && dateOf(name, part);
    const others = instead(found);
    const codes = others.length + Number(found.equals !== undefined);
    const width = codes > 0 ? 2 : 1;
    at += width;
    return {
      name,
      found,
      kind: kinds.find(({ detect }) => detect(found, dateOf(name, time) !== undefined))!,
      place: own.indexOf(day?.name ?? name),
      ...(day && part && { follows: { part, origin: day.origin ?? 0 } }),
      at: at - width,
      codes,
      instead: others,
    };
  });
  return all.map((column) => {
    const same = all.find(({ name }) => name === column.found.equals?.column);
    return same ? { ...column, same } : column;
  });
}

/** Those that have a number in an encoded row, in their order. */
export const ownColumns = (columns: readonly TableColumn[]): TableColumn[] =>
  columns.filter(({ follows }) => follows === undefined);

/** The number of a missing cell: NaN, or the code of a category; −1 where no training row lacks one. */
export const missingNumber = ({ kind, found }: TableColumn): number =>
  kind.isText ? (found.values?.indexOf(null) ?? -1) : Number.NaN;

/** Numbers of an encoded row. */
export const encodedWidth = (table: Columns): number => ownColumns(tableColumns(table)).length;

/** Numbers of a row of a flow. */
export const flowWidth = (columns: readonly TableColumn[]): number =>
  columns.reduce((sum, { codes }) => sum + (codes > 0 ? 2 : 1), 0);

/** The values of one column of encoded rows [n, width], as they stand in a table. */
export const columnValues = (
  { kind, found, place }: TableColumn,
  rows: Float32Array,
  width: number,
): ColumnValue[] =>
  Array.from({ length: rows.length / width }, (_, row) => kind.value(found, rows[row * width + place]!));

/** Names of the numbers of a row of a flow. */
export const flowNames = (columns: readonly TableColumn[]): string[] =>
  columns.flatMap(({ name, codes, instead, same, kind, found }) => {
    const others = [...instead.map((value) => kind.show(found, value)), ...(same ? [same.name] : [])];
    return codes > 0 ? [name, `${name} is ${others.join(" or ")}`] : [name];
  });
