import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { meanOf } from "../statistics.js";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { apart, isEqual, placeIn } from "./flow-rows.js";

/** Least share of its numbers, and fewest rows, in which a column is equal to another one; fewest different values, as few are equal by chance. */
const LEAST = { share: 0.05, rows: 20, values: 20 } as const;

/** So many times more rows are equal than a step apart, on either side. */
const STEEPEST = 3;

/** Rows that are looked at first. */
const FIRST = 256;

/**
 * A schema that says which columns of numbers have the value of an earlier one in many rows: takings of a country and of the
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
      return { column, values, rows: [...values.keys()].filter(isNumber) };
    });
  const found = new Map<string, ColumnSchema["equals"]>();
  numbers.forEach((each, i) => {
    const shares = numbers.slice(0, i).flatMap((before) => {
      const column = before.column.name;
      const equals = found.has(column) ? undefined : equalRows(each, before);
      return equals ? [{ column, ...equals }] : [];
    });
    const [best] = shares.toSorted((a, b) => b.share - a.share);
    if (best) found.set(each.column.name, best);
  });
  const columns = schema.columns.map((column) => {
    const equals = found.get(column.name);
    return equals ? { ...column, equals } : column;
  });
  return { ...schema, columns };
}

/** The numbers of a column, and the rows in which it has one that is no value of its own probability. */
type Numbers = Readonly<{ column: TableColumn; values: Float32Array; rows: readonly number[] }>;

/** In which rows two columns are equal; undefined where these are few, what a smooth density has, or all that there are. */
function equalRows(
  { column: { found }, values, rows }: Numbers,
  { column: before, values: others }: Numbers,
): Omit<NonNullable<ColumnSchema["equals"]>, "column"> | undefined {
  const origins = apart(found, before.found);
  const equal = (row: number): boolean => isEqual(values[row]!, others[row]!, origins);
  const first = Math.min(rows.length, FIRST);
  const looked = Array.from({ length: first }, (_, k) => rows[Math.floor((k * rows.length) / first)]!);
  if (looked.filter(equal).length < (LEAST.share * first) / 2) return undefined;
  const different = rows.filter((row) => !equal(row));
  const more = different.map((row) => values[row]! - others[row]! - origins);
  const same = rows.length - different.length;
  const step = Math.max(found.gap ?? 0, before.found.gap ?? 0);
  const nearby = [-1, 1].map((k) => more.filter((each) => step > 0 && Math.round(each / step) === k).length);
  if (same < Math.max(LEAST.rows, LEAST.share * rows.length, STEEPEST * Math.max(...nearby)))
    return undefined;
  if (different.length === 0) return undefined;
  const share = same / values.length;
  const isAbove = different.length >= LEAST.rows && more.every((each) => each > 0);
  return isAbove && sameGrid(found, before.found) ? { share, above: rangeOf(more) } : { share };
}

/** Whether what one number is more than the other lies on the grid of both, or neither has one. */
const sameGrid = (a: ColumnSchema, b: ColumnSchema): boolean => a.gap === b.gap && !a.uneven && !b.uneven;

function rangeOf(numbers: readonly number[]): NonNullable<ColumnSchema["range"]> {
  const mean = meanOf(numbers);
  const std = Math.sqrt(meanOf(numbers.map((each) => (each - mean) ** 2)));
  const sorted = Float64Array.from(numbers).sort();
  return { least: sorted[0]!, most: sorted.at(-1)!, mean, std };
}
