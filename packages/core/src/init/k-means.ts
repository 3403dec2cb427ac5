import { makeRng, type Rng } from "../math/rng.js";

/** Rows that are clustered at most, starts with a few rounds each, and those of them that go on, with the rounds of these. */
const CLUSTERED = 2000;
const STARTS = { all: 8, rounds: 3 } as const;
const GOING_ON = { all: 2, rounds: 7 } as const;

const distance = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
};

/** The nearest centre, and the squared distance to it. */
function nearest(row: Float64Array, centres: readonly Float64Array[]): { k: number; least: number } {
  let [k, least] = [0, Number.POSITIVE_INFINITY];
  for (let at = 0; at < centres.length; at++) {
    const own = distance(row, centres[at]!);
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

type Clustering = Readonly<{ centres: readonly Float64Array[]; total: number }>;

/** So many rounds of k-means; `total`: of the squared distances, at the last of them. */
function clustered(
  rows: readonly Float64Array[],
  start: readonly Float64Array[],
  rounds: number,
): Clustering {
  let centres = start;
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const counts = new Float64Array(centres.length);
    const sums = centres.map((centre) => new Float64Array(centre.length));
    total = 0;
    for (const row of rows) {
      const { k, least } = nearest(row, centres);
      total += least;
      counts[k]!++;
      const sum = sums[k]!;
      for (let i = 0; i < row.length; i++) sum[i]! += row[i]!;
    }
    centres = centres.map((before, k) => (counts[k] === 0 ? before : sums[k]!.map((v) => v / counts[k]!)));
  }
  return { centres, total };
}

/**
 * The nearest centre of each row, after some rounds of k-means: the best of some starts by the mean squared distance. Only the best
 * of them after a few rounds go on.
 *
 * Source: Arthur and Vassilvitskii 2007, k-means++.
 */
export function nearestCentres(all: readonly Float64Array[], K: number): Int32Array {
  const every = Math.ceil(all.length / CLUSTERED);
  const rows = all.filter((_, r) => r % every === 0);
  const rng = makeRng(K, rows.length);
  const byTotal = (a: Clustering, b: Clustering): number => a.total - b.total;
  const starts = Array.from({ length: STARTS.all }, () =>
    clustered(rows, drawnCentres(rows, K, rng), STARTS.rounds),
  );
  const [best] = starts
    .toSorted(byTotal)
    .slice(0, GOING_ON.all)
    .map(({ centres }) => clustered(rows, centres, GOING_ON.rounds))
    .toSorted(byTotal);
  return Int32Array.from(all, (row) => nearest(row, best!.centres).k);
}
