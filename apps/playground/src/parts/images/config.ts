import * as z from "zod/mini";
import { startsByItself } from "../../ui/starts-by-itself.js";
import { backends } from "../../worker/backends.js";

const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const between = (least: number, most: number) => z.number().check(z.minimum(least), z.maximum(most));

/** Side of the images, in pixels. */
export const SIDE = 14;
export const PIXELS = SIDE ** 2;

/** What a view holds: samples, images with their reconstructions, and images along a line between two. */
export const SAMPLES = 32;
export const PAIRS = 8;
export const STEPS_BETWEEN = 9;

/** Fewest pictures that a flow is trained on. */
export const FEWEST = 40;

/** What the address holds of the images: every field has a default. Pictures of one's own stay on the page. */
export const imagesConfig = z.strictObject({
  /** Widths of the dense layers, each with a spline after it. */
  widths: z._default(z.array(whole(1, 256)).check(z.minLength(1), z.maxLength(5)), [32, 16]),
  learningRate: z._default(between(1e-5, 100), 0.003),
  steps: z._default(whole(1, 20_000), 1000),
  seed: z._default(whole(0, 999_999), 0),
  temperature: z._default(between(0, 2), 0.8),
  device: z._default(z.enum(backends), "auto"),
  /** Trains as soon as it is opened. */
  running: z._default(z.boolean(), startsByItself),
});

export type ImagesConfig = z.infer<typeof imagesConfig>;
