import type { HostArray } from "../params/host-array.js";
import type { CalibrationData } from "./calibration-data.js";
import { marginalSpline, withMargins } from "./marginal.js";
import { ridge } from "./ridge.js";
import { sortNumbers } from "./sort-numbers.js";

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

/** All numbers of examples [count, n], one example after another. */
export async function numbersIn(examples: CalibrationData, n: number): Promise<Float64Array> {
  const all = new Float64Array(examples.count * n);
  let at = 0;
  for await (const part of examples.parts()) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** 1 where a number is unknown, [count, n]: the place in the condition that says it of the number is 0. */
export function unknownIn(
  { data, shape: [count = 0, m = 0] }: HostArray,
  n: number,
  { numbers, known }: Readonly<Record<"numbers" | "known", readonly number[]>>,
): Uint8Array {
  const unknown = new Uint8Array(count * n);
  for (let r = 0; r < count; r++)
    for (const [j, i] of numbers.entries()) unknown[r * n + i] = Number(!(data[r * m + known[j]!]! > 0.5));
  return unknown;
}

/** Fewer known numbers have no distribution: that of the noise takes its place. */
const LEAST = 2;

/** Range, spline, mean and standard deviation of the known numbers of each column, those of all where hardly any is known. */
export const startedColumns = ({ scores, unknown, n }: PartlyKnown, bins: number, bound: number) =>
  Array.from({ length: n }, (_, i) => {
    const all = scores.filter((_, at) => at % n === i);
    const own = all.filter((_, r) => unknown[r * n + i] === 0);
    return startedColumn(own.length >= LEAST ? own : all, bins, bound);
  });

/** Range, spline, mean and standard deviation of some numbers. */
function startedColumn(numbers: Float64Array, bins: number, bound: number) {
  const sorted = sortNumbers(Float32Array.from(numbers));
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const whole = most > least ? { low: least, length: most - least } : { low: least - 0.5, length: 1 };
  const range = withMargins(whole, sorted);
  const u = sorted.map((x) => Math.min(Math.max((x - range.low) / range.length, 0), 1));
  const mean = numbers.reduce((sum, x) => sum + x / numbers.length, 0);
  const std = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2 / numbers.length, 0)) || 1;
  return { range, spline: marginalSpline(u, bins, bound, true), mean, std };
}
