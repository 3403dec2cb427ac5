/** Difference of a result from the expected one. */
export type Difference = Readonly<{
  /**
   * The largest difference of an entry, relative to the largest expected one; Infinity if one of the two is not finite.
   */
  largest: number;
  /** The share of entries that differ by more than `CLOSE`. */
  differing: number;
}>;

/** A larger relative difference is more than a rounding error. */
export const CLOSE = 1e-4;

/** Below the normal numbers of runtimes: differences are then absolute. */
const TINY = 1e-30;

/** Compares entry by entry. NaN and Infinity equal only themselves, at the same position. */
export function differenceOf(wanted: ArrayLike<number>, found: ArrayLike<number>): Difference {
  if (wanted.length !== found.length) return { largest: Number.POSITIVE_INFINITY, differing: 1 };
  let scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    const size = Math.abs(wanted[i]!);
    if (size > scale && size < Number.POSITIVE_INFINITY) scale = size;
  }
  if (scale < TINY) scale = 1;
  let [largest, apart] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const off = distance(wanted[i]!, found[i]!) / scale;
    if (off > largest) largest = off;
    if (off > CLOSE) apart++;
  }
  return { largest, differing: apart / Math.max(wanted.length, 1) };
}

function distance(wanted: number, found: number): number {
  if (wanted === found || (Number.isNaN(wanted) && Number.isNaN(found))) return 0;
  const off = Math.abs(wanted - found);
  return Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
}

/** The largest difference of two results, relative to the largest entry of the first. */
export const relativeDifference = (wanted: ArrayLike<number>, found: ArrayLike<number>): number =>
  differenceOf(wanted, found).largest;
