import type { JsTree } from "@jax-js/jax";
import { HostArray } from "../params/host-array.js";
import { treeMap } from "../params/pytree.js";
import { countOf } from "../shape.js";
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
  const part = (array: HostArray, i: number): HostArray => {
    const size = countOf(array) / parts;
    return rangeOf(array, i * size, (i + 1) * size);
  };
  const partOf = (i: number) => batch.map((tree) => treeMap((array: HostArray) => part(array, i), tree));
  return Array.from({ length: parts }, (_, i) => partOf(i) as unknown as T);
}
