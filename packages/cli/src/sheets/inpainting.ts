import { type FlowModel, UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { firstImages, type ImageSet, type ImageShape, imageSize } from "../data/image-set.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { valueAt } from "../places.js";
import { rowOf, rowsIn } from "../rows.js";
import { conditionalSamples } from "../samples/conditional-samples.js";
import { meanOf } from "../statistics.js";
import { toBytes } from "./run-pictures.js";

/** Halves of an image that the sheet of inpainting can hide. */
export const hideable = ["bottom", "top", "left", "right"] as const;
export type Hidden = (typeof hideable)[number];

/** Layers that work on each entry alone: behind them, hidden entries are still apart from visible ones. */
const ENTRYWISE = new Set(["dequantize", "variationalDequantize", "affine", "marginal"]);

/** Samples that the chains choose their starts from. */
const POOL = 256;

type InpaintingOptions = Readonly<{
  hide: Hidden;
  /** Completions of each image. */
  each: number;
  steps: number;
  seed: number;
  onStep?(step: number, accepted: number): void;
}>;

type Inpainting = Readonly<{
  /** Bytes of the completed images, `each` for one image after another. */
  images: Uint8Array;
  /** log p in nats, of the images as they are and of their completions. */
  original: Float64Array;
  completed: Float64Array;
  accepted: number;
}>;

/**
 * Draws the hidden half of images given the other half. The first layers, as far as they treat every pixel alone, turn
 * pixels into numbers that are near normal; Langevin chains then sample the hidden ones under the rest of the flow. A
 * chain starts from the half of one of 256 samples, chosen with probability proportional to the density of the whole.
 */
async function inpaint(
  model: FlowModel,
  { images, count, shape }: Pick<ImageSet, "images" | "count" | "shape">,
  { hide, each, steps, seed, onStep }: InpaintingOptions,
): Promise<Inpainting> {
  if (model.flow.condition)
    throw new UsageError(
      "--sheet inpainting: this density is conditional\ntrain a run without --condition for it, or choose another sheet",
    );
  const size = imageSize(shape);
  const { layers } = model.flow.chain;
  const found = layers.findIndex(({ name }) => !ENTRYWISE.has(name));
  const cut = found < 0 ? layers.length : found;
  const [front, rest] = [model.part(0, cut), model.part(cut, layers.length)];
  const hidden = hiddenEntries(shape, hide);
  try {
    const shown = images.map((byte, i) => (hidden[i % size] === 1 ? 0 : byte));
    const known = await front.encode(shown, { seed });
    const pool = await front.encode(toBytes(await model.sampleFlat(POOL, { seed })), { seed });
    const rng = makeRng(seed, 2);
    const starts = new Float32Array(count * each * size);
    for (let image = 0; image < count; image++) {
      const joined = new Float32Array(POOL * size);
      for (let i = 0; i < joined.length; i++)
        joined[i] = hidden[i % size] === 1 ? pool[i]! : known[image * size + (i % size)]!;
      const chosen = drawn(await rest.logProb(joined, { seed }), each, () => rng.uniform());
      chosen.forEach((k, c) => starts.set(rowOf(joined, k, size), (image * each + c) * size));
    }
    const { values, accepted } = await conditionalSamples(rest, starts, hidden, {
      steps,
      seed,
      ...(onStep && { onStep }),
    });
    const completed = toBytes(await front.decode(values, { mode: "deterministic" }));
    for (let i = 0; i < completed.length; i++)
      if (hidden[i % size] === 0) completed[i] = images[Math.floor(i / (each * size)) * size + (i % size)]!;
    return {
      images: completed,
      original: await model.logProb(images, { seed }),
      completed: await model.logProb(completed, { seed }),
      accepted,
    };
  } finally {
    await front.dispose();
    await rest.dispose();
  }
}

/** 1 for each entry [C, H, W] in the hidden half. */
export function hiddenEntries([channels, height, width]: ImageShape, hide: Hidden): Uint8Array {
  const [row, column] = [Math.floor(height / 2), Math.floor(width / 2)];
  const inside = (y: number, x: number): boolean =>
    hide === "bottom" ? y >= row : hide === "top" ? y < row : hide === "left" ? x < column : x >= column;
  const entries = new Uint8Array(channels * height * width);
  for (let i = 0; i < entries.length; i++)
    entries[i] = inside(Math.floor(i / width) % height, i % width) ? 1 : 0;
  return entries;
}

/** `count` of the indices with probabilities proportional to exp(logs), none twice (Gumbel's trick). */
function drawn(logs: Float64Array, count: number, uniform: () => number): number[] {
  const keys = Array.from(logs, (log) => log - Math.log(-Math.log(uniform() || 2 ** -25)));
  return keys
    .map((_, i) => i)
    .sort((a, b) => keys[b]! - keys[a]!)
    .slice(0, count);
}

/** Rows of the sheet, most completions of an image, and steps of a chain. */
const IMAGES = 8;
const MOST = 10;
export const STEPS = 200;

/** The level of grey that stands for a hidden pixel. */
const HIDDEN = 96;

/**
 * A row for each of eight images: the image, what is shown of it, and draws of the hidden half. The labels give log p of
 * the image and the mean of that of its completions.
 */
export async function inpaintingSheet(
  model: FlowModel,
  from: ImageSet,
  hide: Hidden,
  { title, columns, seed }: Readonly<{ title: string; columns: number; seed: number }>,
  onStep: (step: number, accepted: number) => void,
): Promise<Uint8Array> {
  const images = firstImages(from, Math.min(IMAGES, from.count));
  const each = Math.min(MOST, Math.max(1, columns - 2));
  const made = await inpaint(model, images, { hide, each, steps: STEPS, seed, onStep });
  const size = imageSize(images.shape);
  const hidden = hiddenEntries(images.shape, hide);
  const completions = rowsIn(made.images, size);
  const grid = rowsIn(images.images, size).flatMap((image, row) => [
    image,
    image.map((byte, i) => (hidden[i] === 1 ? HIDDEN : byte)),
    ...completions.slice(row * each, (row + 1) * each),
  ]);
  const labels = rowsIn(made.completed, each).map(
    (logs, row) => `${Math.round(valueAt(made.original, row))}, ${Math.round(meanOf(logs))}`,
  );
  return encodePng(
    await imageGrid({
      images: Buffer.concat(grid),
      shape: images.shape,
      columns: each + 2,
      title,
      subtitle: `${images.split} images, what is shown, and draws of the hidden half; left: log p in nats of the image, and the mean of the draws`,
      rowLabels: labels,
    }),
  );
}
