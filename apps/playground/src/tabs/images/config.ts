import * as v from "valibot";
import { between, whole } from "../../shell/ranges.js";
import { startsByItself } from "../../ui/starts-by-itself.js";
import { backends } from "../../worker/backends.js";

/** Channels, height and width of the images. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Sides that the images can have, in pixels. Colour is kept at the first: 3 × 28 × 28 numbers take a page minutes a step. */
export const SIDES = [14, 28] as const;
export const numbersOf = ([channels, height, width]: ImageShape): number => channels * height * width;

/** What a view holds: samples, images with their reconstructions, and images along a line between two. */
export const SAMPLES = 32;
export const PAIRS = 8;
export const STEPS_BETWEEN = 9;

/** Fewest pictures that a flow is trained on. */
export const FEWEST = 40;

/** What the address holds of the images: every field has a default. Pictures of one's own stay on the page. */
export const imagesConfig = v.strictObject({
  /** Widths of the dense layers, each with a spline after it. */
  widths: v.optional(v.pipe(v.array(whole(1, 256)), v.minLength(1), v.maxLength(5)), [32, 16]),
  learningRate: v.optional(between(1e-5, 100), 0.003),
  steps: v.optional(whole(1, 20_000), 1000),
  seed: v.optional(whole(0, 999_999), 0),
  temperature: v.optional(between(0, 2), 0.8),
  side: v.optional(v.union([v.literal(14), v.literal(28)]), 14),
  /** Keeps the colours of pictures that have some. */
  colour: v.optional(v.boolean(), true),
  device: v.optional(v.picklist(backends), "auto"),
  /** Trains as soon as it is opened. */
  running: v.optional(v.boolean(), startsByItself),
});

export type ImagesConfig = v.InferOutput<typeof imagesConfig>;
