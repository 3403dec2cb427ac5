import { numpy as np } from "@jax-js/jax";
import { styledCell } from "../../data/table/column-formats.js";
import { gridOf, nextOnGrid } from "../../data/table/grid.js";
import type { ColumnSchema } from "../../data/table/schema.js";
import { type ColumnKind, MISSING, writeNumbers } from "./column-kind.js";

/** Digits of a float32: those that are sure, those that it has, and those that `toFixed` may have. */
const DIGITS = { sure: 6, all: 7, most: 20 } as const;

/** The range of a column of numbers. @throws RangeError for another column */
export function rangeOf({ name, range }: Pick<ColumnSchema, "name" | "range">) {
  if (range === undefined) throw new RangeError(`column "${name}" has no range`);
  return range;
}

/** What stands in place of a missing number: the mean of the column. */
export const fillOf = (column: ColumnSchema): number =>
  Math.fround(rangeOf(column).mean - (column.origin ?? 0));

/** What a cell may be in place of a number with a density, as encoded: NaN where training rows lacked values, and values that many of them share. */
export const instead = ({ range, missing, atoms = [], origin = 0 }: ColumnSchema): number[] =>
  range ? [...(missing > 0 ? [Number.NaN] : []), ...atoms.map((value) => Math.fround(value - origin))] : [];

/** What its numbers are in a row of a flow, where they have a density: less the origin, or what they are more than another column. */
export function flowRange(column: ColumnSchema) {
  const { least, most, mean, std } = rangeOf(column);
  const { origin = 0, equals } = column;
  return equals?.above ?? { least: least - origin, most: most - origin, mean: mean - origin, std };
}

/** The number of the cell that a model means by a number, less the origin: on the grid and in the range, or with a sign of the column. */
export function cellNumber(column: ColumnSchema, number: number): number {
  const { origin = 0, type } = column;
  const value = number + origin;
  if (Number.isNaN(value)) return value;
  return (
    (clampedToGrid(column, value) ?? (type === "date" ? value : keptSign(rangeOf(column), value))) - origin
  );
}

/** The value of a number: in a column on a grid, the next of its values. */
export function valueOnGrid(column: ColumnSchema, number: number): number | null {
  if (Number.isNaN(number)) return null;
  const grid = gridOf(column);
  const value = number + (column.origin ?? 0);
  return grid ? nextOnGrid(grid, value) : value;
}

/** The next value of the grid within the range of the training rows; undefined without a grid. */
export function clampedToGrid(column: ColumnSchema, value: number): number | undefined {
  const grid = gridOf(column);
  const { least, most } = rangeOf(column);
  return grid && nextOnGrid(grid, Math.min(Math.max(value, least), most));
}

export const number: ColumnKind = {
  detect: ({ range }) => range !== undefined,
  expected: "a number",
  encode: (column, findings) => writeNumbers("number", column, findings),
  decode(column, number) {
    if (Number.isNaN(number)) return null;
    const { origin = 0, decimals, atoms = [] } = column;
    const atom = atoms.find((value) => Math.fround(value - origin) === number);
    if (atom !== undefined) return atom;
    const found = clampedToGrid(column, number + origin);
    if (found !== undefined) return found;
    const signed = keptSign(rangeOf(column), number + origin);
    const known = DIGITS.all * (origin === 0 ? 1 : 2); // an origin adds digits in front
    const value = Number(signed.toPrecision(Math.min(known, column.digits ?? known)));
    return decimals === undefined ? value : Number(value.toFixed(decimals));
  },
  value: valueOnGrid,
  show(column, number) {
    const { origin = 0 } = column;
    if (Number.isNaN(number)) return MISSING;
    const size = Math.abs(number);
    const decimals = DIGITS.sure - (size > 0 ? Math.floor(Math.log10(size)) : 0);
    const value = Number((number + origin).toFixed(Math.min(DIGITS.most, Math.max(0, decimals))));
    return styledCell(value, column) ?? String(value);
  },
  isNumber: true,
  /** Where training rows lacked numbers, 1 for those that are missing. */
  features(column, x) {
    if (column.missing > 0) return [np.isnan(x).astype(np.float32)];
    x.dispose();
    return [];
  },
  isText: false,
  meaning: "a number; NaN where it is missing",
};

/** Where no training value is below or above zero, none is: what is lies as far on the other side, and not in a heap at its end. */
function keptSign({ least, most }: NonNullable<ColumnSchema["range"]>, number: number): number {
  if (least >= 0) return Math.abs(number);
  return most <= 0 ? -Math.abs(number) : number;
}
