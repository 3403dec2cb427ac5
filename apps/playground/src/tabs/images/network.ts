import type { NewRun, RunImages } from "../../run/session.js";
import { FEWEST, type ImageShape, type ImagesConfig, numbersOf } from "./config.js";

/** Bins of the spline of each pixel: the page has about a thousand images, too few for more. */
const BINS = 16;
const BATCH = 64;

type Layers = NonNullable<NewRun["description"]>["layers"];

/** A run of a configuration: a spline for each pixel, then dense layers with a spline after each but the last. */
export function imagesRun(
  { widths, steps, seed, learningRate }: ImagesConfig,
  { shape, train }: RunImages,
): NewRun {
  const dense = widths.flatMap(
    (out, i): Layers => [
      { kind: "linear", out },
      ...(i < widths.length - 1 ? [{ kind: "rqSpline" } as const] : []),
    ],
  );
  const layers: Layers = [
    { kind: "dequantize" },
    { kind: "marginal", bins: BINS },
    { kind: "flatten" },
    ...dense,
  ];
  return {
    network: "page",
    description: { inShape: [...shape], layers },
    flow: { density: "mixture" },
    batchSize: Math.min(BATCH, train.length / numbersOf(shape)),
    steps,
    seed,
    learningRate,
  };
}

/** The last sixth of the images is held out; of a few images, all are used for both. */
export function splitImages(pixels: Uint8Array, name: string, shape: ImageShape): RunImages {
  const size = numbersOf(shape);
  const count = pixels.length / size;
  const kept = count < FEWEST ? count : count - Math.floor(count / 6);
  const train = pixels.slice(0, kept * size);
  return { name, shape: [...shape], train, heldOut: kept < count ? pixels.slice(kept * size) : train };
}
