import { type FlowModel, UsageError } from "@flowify/core";
import { expectImages, type ImageSet, imageSize, slice } from "../data/image-set.js";
import { writeFileAtomic, writeJson } from "../files/atomic.js";
import type { Normalization } from "../flags/parsers.js";
import type { ImagesFlags } from "../flags/shared.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { valuesAt } from "../places.js";
import { ascendingPlaces, takeRows } from "../rows.js";
import { runPaths } from "../runs/folder.js";
import { expectImageRun, imagesFor, type SavedRun } from "../runs/open-run.js";
import { toBytes } from "../sheets/run-pictures.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { STEPS, trainJudge } from "./classifier.js";
import { type Judge, openJudge } from "./judge.js";
import { measureQuality, type Quality } from "./quality.js";
import { qualityLines } from "./say-quality.js";

/** Most samples to judge; fewer if there are fewer real images. */
const COUNT = 1000;

/** Number of pairs (sample, nearest training image) in the picture. */
const SHOWN = 15;

/** The figures, for JSON and for the terminal. */
type Judged = Readonly<{
  document: Quality & { temperature: number; seed: number };
  lines: readonly string[];
}>;

export type JudgeOptions = ImagesFlags &
  Readonly<{
    judge?: readonly string[];
    normalize?: Normalization;
    temperature?: number;
    seed?: number;
  }>;

/** Compares samples of a run with real images, and writes quality.json and nearest.png to its folder. */
export async function judgeSamples(
  model: FlowModel,
  run: SavedRun,
  folder: string,
  flags: JudgeOptions,
  terminal: Terminal,
): Promise<Judged> {
  const { seed = 0, temperature = 1 } = flags;
  const shape = expectImageRun(run, "--quality works on images", "leave it out");
  const own = { ...flags, limit: undefined as never };
  const all = expectImages(await imagesFor(run, own), "--quality");
  const training = expectImages(await imagesFor(run, { split: "train" }), "--quality");
  const count = Math.min(COUNT, flags.limit ?? COUNT, all.count);
  const real = slice(all, 0, count);
  const heldOut = all.count >= 2 * count ? slice(all, count, 2 * count) : undefined;
  terminal.note(`${count} samples at temperature ${temperature}, compared with ${count} real images`);
  const samples = toBytes(await model.sampleFlat(count, { seed, temperature }));
  const judges: Judge[] = [];
  try {
    if (flags.judge)
      for (const file of flags.judge) judges.push(await openJudge(file, real, flags.normalize));
    else judges.push(await ownJudge(model, training, seed, terminal));
    const { quality, nearest } = await measureQuality({
      executor: model.executor,
      samples,
      real,
      heldOut,
      training,
      judges,
    });
    const paths = runPaths(folder);
    const document = { step: run.step, temperature, seed, ...quality };
    await writeJson(paths.quality, document);
    const pairs = pairsOf(samples, training, nearest.places, nearest.distances);
    await writeFileAtomic(
      paths.nearest,
      encodePng(
        await imageGrid({
          images: pairs,
          shape,
          columns: pairs.length / (2 * imageSize(shape)),
          title: `${run.config.network}: the samples nearest to a training image`,
          subtitle: `of ${count} samples at temperature ${temperature}, step ${run.step}`,
          rowLabels: ["sample", "training"],
        }),
      ),
    );
    return {
      document: { ...quality, temperature, seed },
      lines: [...qualityLines(quality), `pictures: ${paths.nearest}`],
    };
  } finally {
    for (const judge of judges) await judge.dispose();
  }
}

/** @throws UsageError if the training images have no labels */
async function ownJudge(
  model: FlowModel,
  training: ImageSet,
  seed: number,
  terminal: Terminal,
): Promise<Judge> {
  const { labels } = training;
  if (!labels)
    throw new UsageError(
      `--quality: the images of ${training.name} have no labels to train a classifier on\npass a classifier with --judge CLASSIFIER.onnx`,
    );
  const progress = createProgress(terminal, { label: "classifier", total: STEPS });
  try {
    return await trainJudge(model.executor, { ...training, labels }, seed, (done) =>
      progress.update(done, ""),
    );
  } finally {
    progress.finish();
  }
}

/** Samples, nearest first, and below each its training image. */
function pairsOf(
  samples: Uint8Array,
  training: ImageSet,
  places: Int32Array,
  distances: Float64Array,
): Uint8Array {
  const size = imageSize(training.shape);
  const order = ascendingPlaces(distances).slice(0, SHOWN);
  const nearest = takeRows(training.images, size, valuesAt(places, order));
  return Buffer.concat([takeRows(samples, size, order), nearest]);
}
