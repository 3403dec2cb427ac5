import { numpy as np } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import type { ExampleDomain } from "../examples.js";
import type { Flow } from "../flow.js";
import { nth } from "../lists.js";
import { makeRng, permutation, type Rng } from "../math/rng.js";
import { HostArray } from "../params/host-array.js";
import { type Shape, showShape, sizeOf } from "../shape.js";
import type { Rows } from "./batch-share.js";
import { type ExampleReader, readAll } from "./source.js";

/** Purposes of the random streams, so that no two draw the same numbers. */
export const STREAM = {
  order: 1,
  noise: 2,
  start: 3,
  evaluate: 4,
  sample: 5,
  augment: 6,
  latent: 7,
  heldOut: 8,
} as const;

/** What is done to the examples of a step: nothing, or each mirrored left to right with probability ½. */
export type ImageAugmentation = "none" | "flip";

/**
 * The batches of a run: position t·B + i of the endless sequence of shuffled epochs, a function of
 * (seed, step) alone. Of a batch all examples, or a range of them.
 *
 * Errors: `UsageError` for a batch that is larger than the data, or examples to flip that are not images.
 */
export function batchesOf(
  { count, read }: ExampleReader,
  { shape }: ExampleDomain,
  { batchSize, seed, augment = "none" }: { batchSize: number; seed: number; augment?: ImageAugmentation },
) {
  if (batchSize > count)
    throw new UsageError(`a batch of ${batchSize} is larger than the data (${count} examples)`);
  if (augment === "flip" && shape.length !== 3)
    throw new UsageError(`only images [C, H, W] can be flipped, the examples are ${showShape(shape, false)}`);
  const orders = new Map<number, Uint32Array>();
  const order = (epoch: number): Uint32Array => {
    let found = orders.get(epoch);
    if (!found) {
      found = permutation(makeRng(seed, STREAM.order, epoch), count);
      orders.clear();
      orders.set(epoch, found);
    }
    return found;
  };
  return async (step: number, { from, to }: Rows = { from: 0, to: batchSize }): Promise<HostArray> => {
    const indices = Uint32Array.from({ length: to - from }, (_, i) => {
      const position = step * batchSize + from + i;
      return order(Math.floor(position / count))[position % count] as number;
    });
    const out = await read(indices);
    if (augment === "flip") flipSome(out, shape, makeRng(seed, STREAM.augment, step), from);
    return new HostArray(out, [to - from, ...shape], np.float32);
  };
}

/** `batchesOf` with the conditions of the examples behind them, where the flow has one. */
export function pairsOf(
  data: ExampleReader,
  { domain, condition }: Pick<Flow, "domain" | "condition">,
  options: Parameters<typeof batchesOf>[2],
): (step: number, rows?: Rows) => Promise<readonly HostArray[]> {
  const examples = batchesOf(data, domain, options);
  const { batchSize, seed } = options;
  const conditions =
    data.conditions && condition && batchesOf(data.conditions, condition, { batchSize, seed });
  return async (step, rows) => [
    await examples(step, rows),
    ...(conditions ? [await conditions(step, rows)] : []),
  ];
}

/** Mirrors each image left to right, or not: one draw an image, also for those `before` them in the batch. */
function flipSome(images: Float32Array, shape: Shape, rng: Rng, before: number): void {
  for (let i = 0; i < before; i++) rng.uniform();
  const size = sizeOf(shape);
  const width = nth(shape, shape.length - 1);
  for (let at = 0; at < images.length; at += size) {
    if (rng.uniform() < 0.5) continue;
    for (let row = at; row < at + size; row += width) images.subarray(row, row + width).reverse();
  }
}

/** The first `n` examples of a random order, as a batch, and their conditions: what data-dependent initial values look at. */
export async function randomExamples(
  data: ExampleReader,
  { domain, condition }: Pick<Flow, "domain" | "condition">,
  n: number,
  seed: number,
): Promise<{ examples: HostArray; conditions: HostArray | undefined }> {
  const order = permutation(makeRng(seed, STREAM.start), data.count).subarray(0, n);
  const rows = async (from: ExampleReader, { shape }: ExampleDomain): Promise<HostArray> =>
    new HostArray(await readAll(from, order), [order.length, ...shape], np.float32);
  return {
    examples: await rows(data, domain),
    conditions: data.conditions && condition && (await rows(data.conditions, condition)),
  };
}
