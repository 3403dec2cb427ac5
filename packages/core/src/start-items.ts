import { numpy as np } from "@jax-js/jax";
import { HostArray } from "./executor.js";
import { type Shape, sizeOf } from "./layer.js";
import { fromHost } from "./math/host.js";

/**
 * The items that a data-dependent start looks at, some at a time: what a layer computes on the way
 * (all patches of all images) is far larger than what it gives. They can be gone through again and
 * again, and are the same each time.
 */
export type StartItems = Readonly<{
  count: number;
  /** Of one item. */
  shape: Shape;
  /** All items in order, [n, …shape] each; a part is the receiver's to consume. */
  parts(): AsyncGenerator<np.Array>;
}>;

/** Items in a part, by default. */
const AT_ONCE = 512;

/** Items that lie in the memory of the host, [N, …], `atOnce` in a part. */
export function heldItems(
  { data, shape: [count = 0, ...shape], dtype }: HostArray,
  atOnce = AT_ONCE,
): StartItems {
  const size = sizeOf(shape);
  return {
    count,
    shape,
    async *parts() {
      for (let begin = 0; begin < count; begin += atOnce) {
        const end = Math.min(begin + atOnce, count);
        yield fromHost(
          new HostArray(data.subarray(begin * size, end * size), [end - begin, ...shape], dtype),
        );
      }
    },
  };
}

/**
 * Items computed from others whenever they are asked for; f consumes a part and gives another,
 * [n, …shape]. `each` is called at the start of every pass, and makes f.
 */
export function mappedItems(
  items: StartItems,
  shape: Shape,
  each: () => (part: np.Array) => np.Array,
): StartItems {
  return {
    count: items.count,
    shape,
    async *parts() {
      const f = each();
      // jax-js computes late: what is pending would hold every part's memory
      for await (const part of items.parts()) yield await f(part).blockUntilReady();
    },
  };
}

/** Items cut into rows [n], `each` of them an item (by default, all of an item's entries). */
export function rowsOf(
  items: StartItems,
  toRows: (part: np.Array) => np.Array,
  shape: readonly [n: number],
  each = sizeOf(items.shape) / shape[0],
): StartItems {
  return { ...mappedItems(items, shape, () => toRows), count: items.count * each };
}

/** The items computed once and kept in the memory of the host. */
export async function holdItems(items: StartItems): Promise<StartItems> {
  const size = sizeOf(items.shape);
  const all = new Float32Array(items.count * size);
  let at = 0;
  for await (const part of items.parts()) {
    const data = (await part.data()) as Float32Array;
    all.set(data, at);
    at += data.length;
  }
  return heldItems(new HostArray(all, [items.count, ...items.shape], np.float32));
}
