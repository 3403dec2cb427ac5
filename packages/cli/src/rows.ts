type Numbers = Float32Array | Uint8Array;

/** Writes some of the rows [n, width] into `out`, in the order of `which`. */
export function copyRows<A extends Numbers>(
  rows: Numbers,
  width: number,
  which: ArrayLike<number>,
  out: A,
): A {
  for (let to = 0; to < which.length; to++)
    out.set(rows.subarray(which[to]! * width, (which[to]! + 1) * width), to * width);
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
