import { trainingDefaults } from "@flowify/core/internal";
import { type ImageRunConfig, usualTraining } from "flowify/format";
import { flowOf } from "../../run/open-run.js";
import { dataOf, INIT, type RunImages, type RunStart } from "../../run/session.js";
import { FEWEST, type ImageShape, type ImagesConfig, numbersOf } from "./config.js";

/** Bins of the spline of each pixel: the page has about a thousand images, too few for more. */
const BINS = 16;
const BATCH = 64;

type Layers = NonNullable<ImageRunConfig["description"]>["layers"];

/** A new run on these images: a spline for each pixel, dense layers with splines between them, and a mixture of normals. */
export async function imagesRun(
  { widths, steps, seed, learningRate }: ImagesConfig,
  images: RunImages,
): Promise<RunStart> {
  const { shape, train } = images;
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
    { kind: "gaussianMixture" },
  ];
  const config: ImageRunConfig = {
    format: "flowify-run",
    version: 3,
    network: "page",
    description: { inShape: [...shape], layers },
    flow: { density: "mixture" },
    recipe: null,
    data: await dataOf(images),
    device: "jax",
    training: {
      ...usualTraining,
      steps,
      batchSize: Math.min(BATCH, train.length / numbersOf(shape)),
      seed,
      learningRate,
      orthogonalRate: learningRate,
      warmup: trainingDefaults.warmup(steps),
      initExamples: INIT,
    },
    checkpointEvery: steps,
    evaluateEvery: 1,
    pictures: "each",
  };
  return { config, flow: flowOf(config), metrics: [], skipped: [] };
}

/** The last sixth of the images is held out; of a few images, all are used for both. */
export function splitImages(pixels: Uint8Array, name: string, shape: ImageShape): RunImages {
  const size = numbersOf(shape);
  const count = pixels.length / size;
  const kept = count < FEWEST ? count : count - Math.floor(count / 6);
  const train = pixels.slice(0, kept * size);
  return { name, shape: [...shape], train, heldOut: kept < count ? pixels.slice(kept * size) : train };
}
