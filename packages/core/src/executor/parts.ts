import type { JsTree } from "@jax-js/jax";
import { type Executor, HostArray } from "./executor.js";
import { treeMap } from "../params/pytree.js";

/** Items that a part of a batch has at least: for fewer, lanes bring nothing. */
const SMALLEST_PART = 32;

/** In how many equal parts a batch is computed: one a lane of the executor. */
export function partsOf({ lanes = 1 }: Executor, items: number): number {
  return items % lanes === 0 && items / lanes >= SMALLEST_PART ? lanes : 1;
}

/** Equal parts of trees of arrays [B, …], in the memory of the whole. */
export function splitBatch<T extends readonly JsTree<HostArray>[]>(batch: T, parts: number): T[] {
  const part =
    (i: number) =>
    (array: HostArray): HostArray => {
      const { data, shape, dtype } = array;
      const [items = 1, ...rest] = shape;
      const size = data.length / parts;
      return new HostArray(data.subarray(i * size, (i + 1) * size), [items / parts, ...rest], dtype);
    };
  return Array.from({ length: parts }, (_, i) => batch.map((tree) => treeMap(part(i), tree)) as unknown as T);
}
