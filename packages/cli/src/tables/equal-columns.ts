import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { isEqual, placeIn } from "./flow-rows.js";

/** Least share of rows in which two columns are equal, and fewest different values of each: few are equal by chance. */
const LEAST = { share: 0.05, values: 20 } as const;

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
    .map((column) => ({ column, values: columnIn(rows, own.length, column.place) }));
  const found = new Map<string, ColumnSchema["equals"]>();
  numbers.forEach((each, i) => {
    const shares = numbers.slice(0, i).flatMap((before) => {
      const column = before.column.name;
      const share = found.has(column) ? 0 : equalShare(each, before);
      return share > 0 ? [{ column, share }] : [];
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

type Numbers = Readonly<{ column: TableColumn; values: Float32Array }>;

/** The share of rows in which two columns are equal; 0 where it is small, what a smooth density has, or all that there are. */
function equalShare({ column, values }: Numbers, { column: before, values: others }: Numbers): number {
  const apart = (before.found.origin ?? 0) - (column.found.origin ?? 0);
  const equal = (row: number): boolean =>
    isEqual(values[row]!, others[row]!, apart) && placeIn(column.instead, values[row]!) < 0;
  const count = values.length;
  const first = Math.min(count, FIRST);
  const looked = Array.from({ length: first }, (_, k) => Math.floor((k * count) / first));
  if (looked.filter(equal).length < (LEAST.share * first) / 2) return 0;
  const step = Math.max(column.found.gap ?? 0, before.found.gap ?? 0);
  const steps = new Map<number, number>();
  let [all, same] = [0, 0];
  for (let row = 0; row < count; row++) {
    const distance = values[row]! - others[row]! - apart;
    if (Number.isNaN(distance)) continue;
    all++;
    if (equal(row)) same++;
    else if (step > 0) {
      const k = Math.round(distance / step);
      steps.set(k, (steps.get(k) ?? 0) + 1);
    }
  }
  const nearby = Math.max(steps.get(-1) ?? 0, steps.get(1) ?? 0);
  return same < all && same >= LEAST.share * count && same >= STEEPEST * nearby ? same / count : 0;
}
