import { makeRng, type Rng } from "@flowify/core/layer";
import { monthOf, weekdayOf } from "../data/table/calendar.js";
import type { ColumnSchema } from "../data/table/schema.js";
import { codesOf } from "./columns/category.js";
import { flowWidth, ownColumns, type TableColumn } from "./columns/kinds.js";
import { cellNumber, fillOf, flowRange } from "./columns/number.js";

/** Rows as a flow takes them. */
export type FlowRows = Readonly<{
  /** [count, width of the flow] */
  rows: Float32Array;
  /** log q in nats of the noise in place of numbers, a row each: −log p + log q bounds −log p of the cells. */
  fillLog: Float64Array;
}>;

const STREAM = 0x7ab1e;

/** Largest relative rounding of float32. */
export const FLOAT32 = 2 ** -24;

/** Writes the numbers of a column into a row of the flow, from an encoded one; returns log q of the noise that fills it. */
type Draw = (row: Float32Array, rng: Rng, out: Float32Array, at: number) => number;

/**
 * Encoded rows with noise: numbers with uniform noise over the step between values that repeat, codes with noise of width 1.
 * A missing number, a value that many rows share, and one that is that of another column, becomes a sample of q = N(mean, std²) of its
 * column, and the number after it says which it is. Noise is a function of (seed, row).
 *
 * @param rows [n, encoded width]
 * @param before rows of the same table before these
 */
export function flowRows(
  columns: readonly TableColumn[],
  rows: Float32Array,
  { seed = 0, before = 0 }: Readonly<{ seed?: number; before?: number }> = {},
): FlowRows {
  const [own, width] = [ownColumns(columns).length, flowWidth(columns)];
  const count = own === 0 ? 0 : rows.length / own;
  const out = new Float32Array(count * width);
  const fillLog = new Float64Array(count);
  const draws = columns.map((column) => ({
    ...column,
    draw: column.found.range ? drawNumber(column) : drawCode(column),
  }));
  for (let row = 0; row < count; row++) {
    const rng = makeRng(STREAM, seed, before + row + 1);
    const encoded = rows.subarray(row * own, (row + 1) * own);
    for (const { draw, at } of draws) fillLog[row]! += draw(encoded, rng, out, row * width + at);
  }
  return { rows: out, fillLog };
}

function drawNumber(column: TableColumn): Draw {
  const { found, place, codes } = column;
  const { gap = 0, uneven } = found;
  const { mean, std } = flowRange(found);
  const spread = std || 1;
  const logStep = gap > 0 && !uneven ? Math.log(gap) : 0; // values on a grid have probabilities
  return (row, rng, out, at) => {
    const value = row[place]! - lowest(column, row);
    const noise = rng.uniform() - 0.5;
    const code = codeOf(column, row);
    if (codes > 0) out[at + 1] = code + rng.uniform() - 0.5;
    if (code === 0 && !Number.isNaN(value)) {
      const noisy = Math.fround(value + gap * noise);
      // float32 may round both the value and its noise to beyond the edge of the next step
      out[at] = Math.abs(noisy - value) < gap / 2 - Math.abs(value) * FLOAT32 ? noisy : value;
      return 0;
    }
    const z = rng.normal();
    out[at] = mean + spread * z;
    return -0.5 * z * z - Math.log(spread) - 0.5 * Math.log(2 * Math.PI) + logStep;
  };
}

/** What is subtracted from a number of an encoded row: where it is never less than another one, that. */
function lowest({ found, same }: TableColumn, row: Float32Array): number {
  if (!same || !found.equals?.above) return 0;
  const other = row[same.place]!;
  return (Number.isNaN(other) ? fillOf(same.found) : other) + apart(found, same.found);
}

/** What the origin of one column is below that of another one. */
export const apart = (column: ColumnSchema, other: ColumnSchema): number =>
  (other.origin ?? 0) - (column.origin ?? 0);

/** The code of a cell of an encoded row: of `instead` or of `same`, from 1 on; 0 for a number. */
function codeOf({ instead, same, place, codes, found }: TableColumn, row: Float32Array): number {
  const value = row[place]!;
  const code = placeIn(instead, value) + 1;
  if (code > 0 || !same) return code;
  return isEqual(value, row[same.place]!, apart(found, same.found)) ? codes : 0;
}

/** Whether two numbers of float32 are as far apart as their origins, but for rounding. */
export const isEqual = (value: number, other: number, origins: number): boolean =>
  Math.abs(other + origins - value) <= FLOAT32 * Math.max(Math.abs(value), Math.abs(other));

/** The place of a number in a list, NaN too; −1 where it is none of them. */
export const placeIn = (list: readonly number[], value: number): number =>
  list.findIndex((each) => each === value || (Number.isNaN(each) && Number.isNaN(value)));

function drawCode({ found, follows, place }: TableColumn): Draw {
  const codes = codesOf(found);
  const rankOf = (value: number): number =>
    follows ? (codes.get(nameOf(follows, value)) ?? codes.size) : value;
  return (row, rng, out, at) => {
    out[at] = rankOf(row[place]!) + rng.uniform() - 0.5;
    return 0;
  };
}

/** The name of the weekday or the month of a date. */
const nameOf = ({ part, origin }: NonNullable<TableColumn["follows"]>, day: number): string | null => {
  if (Number.isNaN(day)) return null;
  return part === "weekday" ? weekdayOf(day + origin) : monthOf(day + origin);
};

/** The code of a cell whose number stands at a place of a row of the flow; 0 for a number. */
export const codeAt = ({ codes }: TableColumn, rows: Float32Array, at: number): number =>
  codes === 0 ? 0 : Math.min(codes, Math.max(0, Math.round(rows[at + 1]!)));

/** The inverse of `flowRows`: rows [n, encoded width] of cells that the columns may hold. */
export function encodedRows(columns: readonly TableColumn[], rows: Float32Array): Float32Array {
  const [own, width] = [ownColumns(columns), flowWidth(columns)];
  const count = width === 0 ? 0 : rows.length / width;
  const out = new Float32Array(count * own.length);
  own.forEach((column, place) => {
    for (let row = 0; row < count; row++) out[row * own.length + place] = cellOf(column, rows, row * width);
  });
  return out;
}

/** A cell of an encoded row, from the row of the flow that begins at `start`: one that the column may hold. */
export function cellOf(column: TableColumn, rows: Float32Array, start: number): number {
  const { at, instead, same, found } = column;
  const value = rows[start + at]!;
  const code = codeAt(column, rows, start + at);
  if (code > 0 && code <= instead.length) return instead[code - 1]!;
  if (!found.range) return Math.round(value);
  if (code > 0 && same) return cellOf(same, rows, start) + apart(found, same.found);
  const { above } = found.equals ?? {};
  // one that is less lies as far on the other side, as what has a sign does
  const more = above ? above.least + Math.abs(value - above.least) : value;
  return cellNumber(found, more + lowestAt(column, rows, start));
}

/** As `lowest`, of a row of the flow. */
export function lowestAt(column: TableColumn, rows: Float32Array, start: number): number {
  const { found, same } = column;
  if (!same || !found.equals?.above) return 0;
  const other = cellOf(same, rows, start);
  return (Number.isNaN(other) ? fillOf(same.found) : other) + apart(found, same.found);
}
