import type { HostArray } from "../params/host-array.js";
import { ridge } from "./ridge.js";

/** Rows that have no line count for beside those that a line is fitted to. */
const PENALTY = 2;

/** Rows with the spread of all that the spread around a line counts for, and the least one: noise of less would be a second copy. */
const SPREAD = { rows: 5, least: 0.05 } as const;

/** Scores [count, n], where they are unknown standard normal noise; and 1 where they are. */
export type PartlyKnown = Readonly<{ scores: Float64Array; unknown: Uint8Array; n: number }>;

/** What scores are expected to be, given those before them [n, n] and the conditions [m, n], and the log-deviation around that. */
export type Imputation = Readonly<
  Record<"offset" | "logSpread", Float32Array> & Record<"before" | "lines", Float32Array>
>;

/**
 * Lines that predict a score from those before it: from rows in which it is known. Unknown ones are replaced, one after the other
 * in this order, so that later lines see whole rows.
 */
export function imputation(
  { scores, unknown, n }: PartlyKnown,
  given: HostArray,
  order: readonly number[],
): Imputation {
  const [count = 0, m = 0] = given.shape;
  const whole = scores.slice();
  const found = {
    offset: new Float32Array(n),
    before: new Float32Array(n * n),
    lines: new Float32Array(m * n),
    logSpread: new Float32Array(n),
  };
  const seen = Array.from({ length: n }, (_, j) => j).filter((j) => !order.includes(j));
  for (const i of order) {
    const rows = Array.from({ length: count }, (_, r) => r);
    const known = rows.filter((r) => unknown[r * n + i] === 0);
    const width = seen.length + m;
    const inputs = new Float32Array(known.length * width);
    for (const [at, r] of known.entries()) {
      for (const [k, j] of seen.entries()) inputs[at * width + k] = whole[r * n + j]!;
      inputs.set(given.data.subarray(r * m, (r + 1) * m), at * width + seen.length);
    }
    const own = Float64Array.from(known, (r) => scores[r * n + i]!);
    if (known.length > 0) {
      const { offset, slopes } = ridge({ data: inputs, columns: width }, { data: own, columns: 1 }, PENALTY);
      found.offset[i] = offset[0]!;
      for (const [k, j] of seen.entries()) found.before[j * n + i] = slopes[k]!;
      for (let c = 0; c < m; c++) found.lines[c * n + i] = slopes[seen.length + c]!;
    }
    const expected = (r: number): number => {
      let sum = found.offset[i]!;
      for (const j of seen) sum += found.before[j * n + i]! * whole[r * n + j]!;
      for (let c = 0; c < m; c++)
        if (given.data[r * m + c] !== 0) sum += found.lines[c * n + i]! * given.data[r * m + c]!;
      return sum;
    };
    const squares = known.reduce((sum, r) => sum + (scores[r * n + i]! - expected(r)) ** 2, 0);
    const spread = Math.sqrt((squares + SPREAD.rows) / (known.length + SPREAD.rows));
    found.logSpread[i] = Math.log(Math.max(spread, SPREAD.least));
    const factor = Math.exp(found.logSpread[i]);
    for (const r of rows)
      if (unknown[r * n + i] === 1) whole[r * n + i] = expected(r) + factor * scores[r * n + i]!;
    seen.push(i);
  }
  return found;
}
