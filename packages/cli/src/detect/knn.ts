import type { Executor } from "@flowify/core";
import { neighboursOf } from "./neighbours.js";
import { findSpaces, standardSpace } from "./spaces.js";

/**
 * The distance of each row to its k-th neighbour among training rows, in standardized columns: the baseline that a detector
 * has to beat.
 *
 * @param training rows [m, width]
 * @param rows [n, width]
 * @param own the number of each row among the training rows, where it is one of them; else −1
 * @throws UsageError where there are at most k training rows
 */
export async function neighbourDistances(
  executor: Executor,
  training: Float32Array,
  rows: Float32Array,
  width: number,
  { k = 5, own }: Readonly<{ k?: number; own?: Int32Array }> = {},
): Promise<Float64Array> {
  const spaces = findSpaces(training, width);
  const options = { bandwidth: 1, k };
  const near = await neighboursOf(executor, standardSpace(spaces, training), width, options);
  try {
    return (await near.score(standardSpace(spaces, rows), own)).distance;
  } finally {
    await near.dispose();
  }
}
