import { numpy as np } from "@jax-js/jax";
import { DataError, UsageError } from "../errors.js";
import { HostArray } from "../executor.js";
import { type Shape, sizeOf } from "../layer.js";
import { makeRng, permutation } from "../math/rng.js";

/** Items to learn from: row-major, one after the other. */
export type Items = Readonly<{ items: Uint8Array | Float32Array; count: number }>;

/** Checks items against what a flow takes; throws `DataError` that says what does not fit. */
export function checkItems({ items, count }: Items, shape: Shape): void {
  const size = sizeOf(shape);
  if (count < 1) throw new DataError("the data set is empty: there must be at least one item");
  if (items.length !== count * size)
    throw new DataError(
      `${count} items of [${shape.join(", ")}] have ${count * size} numbers, the data has ${items.length}`,
    );
  if (items instanceof Float32Array)
    for (let i = 0; i < items.length; i++)
      if (!Number.isFinite(items[i]))
        throw new DataError(`item ${Math.floor(i / size)} holds ${items[i]}: data must be finite`);
}

/** Purposes of the random streams, so that no two draw the same numbers. */
export const STREAM = { order: 1, noise: 2, start: 3, evaluate: 4, sample: 5 } as const;

/**
 * The batches of a run: position t·B + i of the endless sequence of shuffled epochs, a function of
 * (seed, step) alone.
 *
 * Errors: `UsageError` for a batch that is larger than the data.
 */
export function batchSource(data: Items, shape: Shape, batchSize: number, seed: number) {
  checkItems(data, shape);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new UsageError(`the batch size must be a positive integer, got ${batchSize}`);
  if (batchSize > data.count)
    throw new UsageError(`a batch of ${batchSize} is larger than the data (${data.count} items)`);
  const size = sizeOf(shape);
  const orders = new Map<number, Uint32Array>();
  const order = (epoch: number): Uint32Array => {
    let found = orders.get(epoch);
    if (!found) {
      found = permutation(makeRng(seed, STREAM.order, epoch), data.count);
      orders.clear();
      orders.set(epoch, found);
    }
    return found;
  };
  return (step: number): HostArray => {
    const out = new Float32Array(batchSize * size);
    for (let i = 0; i < batchSize; i++) {
      const position = step * batchSize + i;
      const item = order(Math.floor(position / data.count))[position % data.count] as number;
      out.set(data.items.subarray(item * size, (item + 1) * size), i * size);
    }
    return new HostArray(out, [batchSize, ...shape], np.float32);
  };
}

/** The first `n` items of a random order, as a batch: what data-dependent start values look at. */
export function randomItems(data: Items, shape: Shape, n: number, seed: number): HostArray {
  const size = sizeOf(shape);
  const order = permutation(makeRng(seed, STREAM.start), data.count).subarray(0, n);
  const out = new Float32Array(order.length * size);
  order.forEach((item, i) => {
    out.set(data.items.subarray(item * size, (item + 1) * size), i * size);
  });
  return new HostArray(out, [order.length, ...shape], np.float32);
}
