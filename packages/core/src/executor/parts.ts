import type { JsTree } from "@jax-js/jax";
import { HostArray } from "../params/host-array.js";
import { treeMap } from "../params/pytree.js";
import type { Executor } from "./executor.js";

/** Fewest examples in a part of a batch: below this, workers save no time. */
const SMALLEST_PART = 32;

/** Number of equal parts of a batch: one per worker of the executor. */
export function partsOf({ workers = 1 }: Executor, examples: number): number {
  return examples % workers === 0 && examples / workers >= SMALLEST_PART ? workers : 1;
}

/** Examples `from` to `to` (without) of an array [B, …], as a view. */
function rangeOf({ data, shape, dtype }: HostArray, from: number, to: number): HostArray {
  const [examples = 1, ...rest] = shape;
  const size = data.length / examples;
  return new HostArray(data.subarray(from * size, to * size), [to - from, ...rest], dtype);
}

/** The same of all arrays of a tree. */
export const rangeOfBatch = (batch: JsTree<HostArray>, from: number, to: number): JsTree<HostArray> =>
  treeMap((array: HostArray) => rangeOf(array, from, to), batch);

/** Equal parts of trees of arrays [B, …], as views. */
export function splitBatch<T extends readonly JsTree<HostArray>[]>(batch: T, parts: number): T[] {
  const part =
    (i: number) =>
    (array: HostArray): HostArray => {
      const size = (array.shape[0] ?? 1) / parts;
      return rangeOf(array, i * size, (i + 1) * size);
    };
  return Array.from({ length: parts }, (_, i) => batch.map((tree) => treeMap(part(i), tree)) as unknown as T);
}
