import { UsageError } from "@flowify/core";
import { NO_ROW } from "@flowify/core/internal";
import type { RunSimulator } from "./simulate.js";

/** Observations of at most so many rows, of so many numbers each. */
export type Rows = readonly [most: number, size: number];

/** Rows, one after another, with `NO_ROW` for those that are not there. @param refuse makes the error of another length */
export function filled(
  x: ArrayLike<number>,
  [most, size]: Rows,
  refuse: (text: string) => Error,
): Float64Array {
  const count = x?.length / size;
  if (!(Number.isInteger(count) && count >= 1 && count <= most))
    throw refuse(`got ${x?.length} numbers, expected 1 to ${most} rows of ${size}, one after another`);
  const all = new Float64Array(most * size).fill(NO_ROW);
  all.set(x);
  return all;
}

/** A simulator whose observations are filled up to one length. */
export const filling = (run: RunSimulator, rows: Rows): RunSimulator =>
  async function* (calls, count) {
    for await (const outcome of run(calls, count))
      yield "x" in outcome
        ? { x: filled(outcome.x, rows, (text) => new UsageError(`simulate: ${text}`)) }
        : outcome;
  };

/** Of observations of rows, one after another: the log of how many there are, and mean and spread of each of their numbers. */
export function summaries(observations: Float32Array, [most, size]: Rows): Float32Array {
  const width = most * size;
  const out: number[] = [];
  for (let at = 0; at < observations.length; at += width) {
    const own = observations.subarray(at, at + width).filter((value) => value !== NO_ROW);
    const count = own.length / size;
    out.push(Math.log(count));
    for (let k = 0; k < size; k++) {
      const column = own.filter((_, i) => i % size === k);
      const mean = column.reduce((a, b) => a + b, 0) / count;
      out.push(mean, Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count));
    }
  }
  return Float32Array.from(out);
}
