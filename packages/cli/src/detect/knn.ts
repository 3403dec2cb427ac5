import type { Executor } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { entryOf } from "../places.js";
import { rowOf } from "../rows.js";
import { rowProgram } from "./batches.js";
import { compare, type Reference, referenceParts } from "./compare.js";
import { findSpaces, type SpaceArrays, spaceArrays, standardSpace } from "./spaces.js";

/** Of distances, in standard deviations: they are exact to a small part of it. */
const UNIT = 0.1;

/** The neighbour whose distance counts. */
const K = 5;

/** Reference rows of a part, and rows whose distances are held at once. */
const SIZE = { part: 256, rows: 2048 } as const;

/**
 * The distance of each row to its fifth neighbour among training rows, in standardized columns: the baseline that a detector
 * has to beat. A training row is not compared with itself.
 *
 * @param training rows [m, width], at least six
 * @param rows [n, width]
 */
export async function neighbourDistances(
  executor: Executor,
  training: Float32Array,
  rows: Float32Array,
  width: number,
): Promise<Float64Array> {
  const count = training.length / width;
  const spaces = findSpaces(training, width);
  const reference = referenceParts(standardized(training, spaces), width, UNIT, SIZE.part);
  const constants = { spaces: spaceArrays(spaces), reference };
  const f = (
    own: Readonly<{ spaces: SpaceArrays<np.Array>; reference: Reference<np.Array> }>,
    x: np.Array,
  ): Record<string, np.Array> => {
    const { logs, nearest, copies } = compare(standardSpace(own.spaces, x), UNIT, own.reference);
    for (const each of nearest) each.dispose();
    return { logs: np.concatenate([...logs], 1), copies: copies.reduce((sum, each) => sum.add(each)) };
  };
  const program = rowProgram(executor, { constants: constants as never, f: f }, width, "neighbours");
  const out = new Float64Array(rows.length / width);
  try {
    for (let from = 0; from < out.length; from += SIZE.rows) {
      const found = await program.run(rows.subarray(from * width, (from + SIZE.rows) * width));
      const logs = entryOf(found, "logs");
      for (const [i, equal] of entryOf(found, "copies").entries()) {
        const others = Math.max(0, equal - 1); // equal rows beside itself
        if (others >= K) continue;
        const own = rowOf(logs, i, count);
        out[from + i] = UNIT * Math.sqrt(-2 * kLargest(K - others, own));
      }
    }
    return out;
  } finally {
    await program.dispose();
  }
}

const standardized = (
  rows: Float32Array,
  { width, mean, std }: ReturnType<typeof findSpaces>,
): Float32Array => rows.map((value, i) => (value - mean[i % width]!) / std[i % width]!);

/** The k-th largest of the numbers. */
function kLargest(k: number, numbers: Float32Array): number {
  const largest = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (const value of numbers) {
    if (value <= largest[0]!) continue;
    let place = 0;
    for (; place < k - 1 && largest[place + 1]! < value; place++) largest[place] = largest[place + 1]!;
    largest[place] = value;
  }
  return largest[0]!;
}
