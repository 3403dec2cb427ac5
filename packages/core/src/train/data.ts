import { numpy as np } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import { HostArray } from "../executor.js";
import { checkItems, type ItemDomain, type Items } from "../items.js";
import { sizeOf } from "../layer.js";
import { makeRng, permutation } from "../math/rng.js";

/** Purposes of the random streams, so that no two draw the same numbers. */
export const STREAM = { order: 1, noise: 2, start: 3, evaluate: 4, sample: 5 } as const;

/**
 * The batches of a run: position t·B + i of the endless sequence of shuffled epochs, a function of
 * (seed, step) alone.
 *
 * Errors: `UsageError` for a batch that is larger than the data.
 */
export function batchSource(data: Items, domain: ItemDomain, batchSize: number, seed: number) {
  checkItems(data, domain);
  const { shape } = domain;
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
export function randomItems(data: Items, { shape }: ItemDomain, n: number, seed: number): HostArray {
  const size = sizeOf(shape);
  const order = permutation(makeRng(seed, STREAM.start), data.count).subarray(0, n);
  const out = new Float32Array(order.length * size);
  order.forEach((item, i) => {
    out.set(data.items.subarray(item * size, (item + 1) * size), i * size);
  });
  return new HostArray(out, [order.length, ...shape], np.float32);
}
