import * as z from "zod/mini";
import { startsByItself } from "../../ui/starts-by-itself.js";
import { backends } from "../../worker/backends.js";

const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const between = (least: number, most: number) => z.number().check(z.minimum(least), z.maximum(most));

/** Channels, height and width of the images. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/**
 * Possible sides of the images, in pixels. Colour is possible with the first only: 3 × 28 × 28 numbers take minutes per
 * step.
 */
export const SIDES = [14, 28] as const;
export const numbersOf = ([channels, height, width]: ImageShape): number => channels * height * width;

/** Sizes of a view: samples, images with their reconstructions, and images between two. */
export const SAMPLES = 32;
export const PAIRS = 8;
export const STEPS_BETWEEN = 9;

/** Fewest pictures that a flow is trained on. */
export const FEWEST = 40;

/**
 * Configuration of the images tab in the address. Every field has a default. The user's pictures are not part of it.
 */
export const imagesConfig = z.strictObject({
  /** Widths of the dense layers, each with a spline after it. */
  widths: z._default(z.array(whole(1, 256)).check(z.minLength(1), z.maxLength(5)), [32, 16]),
  learningRate: z._default(between(1e-5, 100), 0.003),
  steps: z._default(whole(1, 20_000), 1000),
  seed: z._default(whole(0, 999_999), 0),
  temperature: z._default(between(0, 2), 0.8),
  side: z._default(z.union([z.literal(14), z.literal(28)]), 14),
  /** Keeps the colours of coloured pictures. */
  colour: z._default(z.boolean(), true),
  device: z._default(z.enum(backends), "auto"),
  /** Starts training when the tab opens. */
  running: z._default(z.boolean(), startsByItself),
});

export type ImagesConfig = z.infer<typeof imagesConfig>;
