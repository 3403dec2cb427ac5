type Numbers = Float32Array | Uint8Array;

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

/** Writes some of the rows [n, width] into `out`, in the order of `which`. */
export function copyRows<A extends Numbers>(
  rows: Numbers,
  width: number,
  which: ArrayLike<number>,
  out: A,
): A {
  for (let to = 0; to < which.length; to++) out.set(rowOf(rows, which[to]!, width), to * width);
  return out;
}

/** Some of the rows [n, width], in the order of `which`. */
export const takeRows = (rows: Float32Array, width: number, which: ArrayLike<number>): Float32Array =>
  copyRows(rows, width, which, new Float32Array(which.length * width));

/** The places of numbers, from the least to the largest; equal ones as they stand. */
export const ascendingPlaces = (values: ArrayLike<number>): number[] =>
  Array.from(values, (value, place) => ({ value, place }))
    .sort((a, b) => a.value - b.value || 0)
    .map(({ place }) => place);
