import * as v from "valibot";
import { between, device, running, seed, whole } from "../../shell/schemas.js";

/** Channels, height and width of the images. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Possible sides of the images, in pixels. */
export const SIDES = [14, 28] as const;
export const numbersOf = ([channels, height, width]: ImageShape): number => channels * height * width;

/** Sizes of a view: samples, and images with their reconstructions. */
export const SAMPLES = 32;
export const PAIRS = 8;
/** Scale of the noise of samples. */
export const TEMPERATURE = 0.8;

/** Fewest pictures that a flow is trained on. */
export const FEWEST = 40;

/** Configuration of the images tab in the address. Every field has a default. The user's pictures are not part of it. */
export const imagesConfig = v.strictObject({
  /** Widths of the dense layers, each with a spline after it. */
  widths: v.optional(v.pipe(v.array(whole(1, 256)), v.minLength(1), v.maxLength(5)), [32]),
  learningRate: v.optional(between(1e-5, 100), 0.003),
  steps: v.optional(whole(1, 1_000_000), 1000),
  seed,
  side: v.optional(v.union([v.literal(14), v.literal(28)]), 14),
  device,
  /** Starts training when the tab opens. */
  running,
});

export type ImagesConfig = v.InferOutput<typeof imagesConfig>;
