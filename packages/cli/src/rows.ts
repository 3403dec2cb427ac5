import { group } from "d3-array";

type Numbers = Float32Array | Float64Array | Uint8Array;

/** Row i of rows [n, width], a view. */
export const rowOf = <A extends { subarray(from: number, to: number): unknown }>(
  rows: A,
  i: number,
  width: number,
): ReturnType<A["subarray"]> => rows.subarray(i * width, (i + 1) * width) as ReturnType<A["subarray"]>;

/** All rows of [n, width], views. */
export const rowsIn = <A extends { length: number; subarray(from: number, to: number): unknown }>(
  rows: A,
  width: number,
): ReturnType<A["subarray"]>[] =>
  Array.from({ length: rows.length / width }, (_, i) => rowOf(rows, i, width));

/** A column of rows [n, width], a copy. */
export const columnIn = (rows: Float32Array, width: number, column: number): Float32Array =>
  Float32Array.from({ length: rows.length / width }, (_, row) => rows[row * width + column]!);

/** Some of the rows [n, width], in the order of `which`. */
export function takeRows<A extends Numbers>(rows: A, width: number, which: ArrayLike<number>): A {
  const out = new (rows.constructor as new (length: number) => A)(which.length * width);
  for (let to = 0; to < which.length; to++) out.set(rowOf(rows, which[to]!, width), to * width);
  return out;
}

/** The places of numbers, from the least to the largest; equal ones as they stand. */
export const ascendingPlaces = (values: ArrayLike<number>): number[] =>
  Array.from(values, (value, place) => ({ value, place }))
    .sort((a, b) => a.value - b.value || 0)
    .map(({ place }) => place);

/** The places of each value in a list. */
export const placesOf = <T>(list: ArrayLike<T>): Map<T, number[]> =>
  group(Array.from(list).keys(), (place) => list[place] as T);
