import { makeRng } from "../math/rng.js";
import type { CodedRows } from "./value-family.js";

/** Rows that expectation maximization sees, its starts and how many rounds these have, and the rounds of the best one at most. */
const ROWS = 5000;
const STARTS = { all: 4, rounds: 8 } as const;
const MOST_ROUNDS = 50;

/** Nats a row below which another round brings too little. */
const LEAST_GAIN = 1e-3;

/** Rows with the shares of all that a class has beyond its own ones. */
const PRIOR = 2;

/** log P(class) [K], and log P(value | class) [K, S] of the S values of all columns together. */
export type LatentClasses = Readonly<{ weights: Float64Array; logs: Float64Array }>;

/**
 * K classes, in each of which columns are independent, that make rows likeliest: by expectation maximization, the best of some random
 * starts.
 *
 * Source: Lazarsfeld and Henry 1968, Latent Structure Analysis; Bishop 2006, section 9.3.3.
 */
export function latentClasses({ codes, count, sizes }: CodedRows, K: number): LatentClasses {
  const n = sizes.length;
  const some = Math.min(count, ROWS);
  const S = sizes.reduce((sum, size) => sum + size, 0);
  const starts = sizes.map((_, c) => sizes.slice(0, c).reduce((sum, size) => sum + size, 0));
  const values = Int32Array.from({ length: some * n }, (_, at) => starts[at % n]! + codes[at]!);
  const seen = new Float64Array(S);
  for (const s of values) seen[s]!++;
  const shares = seen.map((rows, s) => {
    const size = sizes[starts.findLastIndex((from) => from <= s)]!;
    return (rows + 1 / size) / (some + 1);
  });
  /** From sums of rows by class [K] and value [K, S]. */
  const maximized = (rows: Float64Array, sums: Float64Array): LatentClasses => ({
    weights: rows.map((own) => Math.log((own + 1) / (some + K))),
    logs: sums.map((own, at) => {
      const k = Math.floor(at / S);
      return Math.log((own + PRIOR * shares[at % S]!) / (rows[k]! + PRIOR));
    }),
  });
  /** The next classes, and the mean log p of the rows under these. */
  const improved = ({ weights, logs }: LatentClasses): { next: LatentClasses; mean: number } => {
    const [rows, sums] = [new Float64Array(K), new Float64Array(K * S)];
    const own = new Float64Array(K);
    let total = 0;
    for (let r = 0; r < some * n; r += n) {
      let top = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < K; k++) {
        let log = weights[k]!;
        for (let c = 0; c < n; c++) log += logs[k * S + values[r + c]!]!;
        own[k] = log;
        if (log > top) top = log;
      }
      let sum = 0;
      for (let k = 0; k < K; k++) sum += own[k] = Math.exp(own[k]! - top);
      total += top + Math.log(sum);
      for (let k = 0; k < K; k++) {
        const share = own[k]! / sum;
        rows[k]! += share;
        for (let c = 0; c < n; c++) sums[k * S + values[r + c]!]! += share;
      }
    }
    return { next: maximized(rows, sums), mean: total / some };
  };
  const after = (begun: LatentClasses, rounds: number): { found: LatentClasses; mean: number } => {
    let [found, mean] = [begun, Number.NEGATIVE_INFINITY];
    for (let round = 0; round < rounds; round++) {
      const { next, mean: before } = improved(found);
      found = next;
      if (before - mean < LEAST_GAIN) break;
      mean = before;
    }
    return { found, mean };
  };
  const rng = makeRng(K, some);
  /** Rows shared out at random, those of a class more often. */
  const random = (): LatentClasses => {
    const [rows, sums] = [new Float64Array(K), new Float64Array(K * S)];
    for (let r = 0; r < some; r++) {
      const k = rng.integer(K);
      rows[k]!++;
      for (let c = 0; c < n; c++) sums[k * S + values[r * n + c]!]!++;
    }
    return maximized(rows, sums);
  };
  const [best] = Array.from({ length: STARTS.all }, () => after(random(), STARTS.rounds)).toSorted(
    (a, b) => b.mean - a.mean,
  );
  return after(best!.found, MOST_ROUNDS).found;
}
