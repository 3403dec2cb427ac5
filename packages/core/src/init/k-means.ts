import { makeRng, type Rng } from "../math/rng.js";

/** Rows that are clustered at most, starts, and rounds of each. */
const CLUSTERED = 2000;
const STARTS = 8;
const ASSIGNMENTS = 10;

const distance = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
};

/** The nearest centre, and the squared distance to it. */
function nearest(row: Float64Array, centres: readonly Float64Array[]): { k: number; least: number } {
  let [k, least] = [0, Number.POSITIVE_INFINITY];
  for (const [at, centre] of centres.entries()) {
    const own = distance(row, centre);
    if (own < least) [k, least] = [at, own];
  }
  return { k, least };
}

/** Rows as centres, each drawn by its squared distance to those before it (k-means++). */
function drawnCentres(rows: readonly Float64Array[], K: number, rng: Rng): Float64Array[] {
  const centres = [rows[rng.integer(rows.length)]!];
  const far = rows.map((row) => distance(row, centres[0]!));
  while (centres.length < K) {
    let left = rng.uniform() * far.reduce((a, b) => a + b, 0);
    let at = 0;
    while (at < rows.length - 1 && left >= far[at]!) left -= far[at++]!;
    const next = rows[at]!;
    centres.push(next);
    for (const [r, row] of rows.entries()) far[r] = Math.min(far[r]!, distance(row, next));
  }
  return centres;
}

/**
 * The nearest centre of each row, after some rounds of k-means: the best of some starts by the mean squared distance.
 *
 * Source: Arthur and Vassilvitskii 2007, k-means++.
 */
export function nearestCentres(all: readonly Float64Array[], K: number): Int32Array {
  const every = Math.ceil(all.length / CLUSTERED);
  const rows = all.filter((_, r) => r % every === 0);
  const rng = makeRng(K, rows.length);
  let best = { centres: [] as Float64Array[], total: Number.POSITIVE_INFINITY };
  for (let start = 0; start < STARTS; start++) {
    let centres = drawnCentres(rows, K, rng);
    let total = 0;
    for (let round = 0; round < ASSIGNMENTS; round++) {
      const counts = new Float64Array(K);
      const sums = centres.map((centre) => new Float64Array(centre.length));
      total = 0;
      for (const row of rows) {
        const { k, least } = nearest(row, centres);
        total += least;
        counts[k]!++;
        for (let i = 0; i < row.length; i++) sums[k]![i]! += row[i]!;
      }
      centres = centres.map((before, k) => (counts[k] === 0 ? before : sums[k]!.map((v) => v / counts[k]!)));
    }
    if (total < best.total) best = { centres, total };
  }
  return Int32Array.from(all, (row) => nearest(row, best.centres).k);
}
