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

/** Equal parts of trees of arrays [B, …], as views. */
export function splitBatch<T extends readonly JsTree<HostArray>[]>(batch: T, parts: number): T[] {
  const part =
    (i: number) =>
    (array: HostArray): HostArray => {
      const { data, shape, dtype } = array;
      const [examples = 1, ...rest] = shape;
      const size = data.length / parts;
      return new HostArray(data.subarray(i * size, (i + 1) * size), [examples / parts, ...rest], dtype);
    };
  return Array.from({ length: parts }, (_, i) => batch.map((tree) => treeMap(part(i), tree)) as unknown as T);
}
