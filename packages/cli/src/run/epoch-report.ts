import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Executor, type Flow, FlowModel, type Monitor, type Trainer } from "@flowify/core";
import { describeImages, firstImages, type ImageSet } from "../data/image-set.js";
import type { RunConfig } from "../format/config.js";
import { formatCount } from "../ui/format.js";
import { writeFileAtomic } from "./atomic.js";
import type { RunFolder } from "./folder.js";
import { readMetrics } from "./metrics.js";
import { curvePicture, ledgerPicture, reconstructionsPicture, samplesPicture } from "./pictures.js";

const SAMPLES = 150;
const ROW = 15;

/** A likelihood, and the images that it is of. */
export type Measurement = Readonly<{ images: ImageSet; monitor: Monitor }>;

/** The end of an epoch, or of the run. */
export type EpochEnd = Readonly<{ step: number; epoch: number; last: boolean }>;

export type EpochReporter = Readonly<{
  /** Measures the parameters of this moment: on the validation images if there are any, else on the test images; at the end on both. */
  measure(at: EpochEnd): Promise<Measurement[]>;
  /** Draws what this epoch is to have; the curve is read from the metrics. Gives the paths of the newest ones. */
  draw(at: EpochEnd, measured: readonly Measurement[]): Promise<string[]>;
}>;

export type EpochReportOptions = Readonly<{
  flow: Flow;
  trainer: Trainer;
  executor: Executor;
  run: RunFolder;
  config: RunConfig;
  images: Readonly<{ data: ImageSet; validation: ImageSet | undefined; test: ImageSet | undefined }>;
}>;

/**
 * What happens at the end of an epoch. It looks at a copy of the parameters and draws its noise from
 * streams of its own, so that training is the same with it and without.
 */
export function epochReporter(options: EpochReportOptions): EpochReporter {
  const { flow, trainer, executor, run, config, images } = options;
  const { network, seed } = config;

  const withModel = async <T>(use: (model: FlowModel) => Promise<T>): Promise<T> => {
    const model = new FlowModel(flow, await trainer.params(), executor);
    try {
      return await use(model);
    } finally {
      await model.dispose();
    }
  };

  const drawAll = async (model: FlowModel, { step, epoch }: EpochEnd, measured: readonly Measurement[]) => {
    const title = `${network}, epoch ${epoch}, step ${formatCount(step)}`;
    const some = images.validation ?? images.test ?? images.data;
    const row = firstImages(some, Math.min(ROW, some.count));
    const grid = { shape: images.data.shape, count: SAMPLES, columns: ROW, seed, temperature: 1 };
    const drawn = await samplesPicture(model, {
      ...grid,
      title: `${title}: ${SAMPLES} samples`,
      mode: "sample",
    });
    const means = await samplesPicture(model, {
      ...grid,
      title: `${title}: ${SAMPLES} samples`,
      mode: "mean",
    });
    const kept = await reconstructionsPicture(model, {
      title: `${title}: reconstructions of ${row.split} images`,
      images: row,
      seed,
    });
    const pictures = [
      { name: "samples", file: run.samples, png: drawn },
      { name: "samples-mean", file: run.samplesMean, png: means },
      { name: "reconstructions", file: run.reconstructions, png: kept },
    ];
    const shown = measured.at(-1);
    if (shown) {
      const png = await ledgerPicture(
        `${title}: ${describeImages(shown.images, { files: false })}`,
        shown.monitor,
      );
      pictures.push({ name: "ledger", file: run.ledger, png });
    }
    return pictures;
  };

  return {
    measure: ({ last }) =>
      withModel(async (model) => {
        const { validation, test } = images;
        const wanted = last ? [validation, test] : [validation ?? test];
        const measured: Measurement[] = [];
        for (const set of wanted) {
          if (set) measured.push({ images: set, monitor: await model.monitor(set.images, { seed }) });
        }
        return measured;
      }),

    draw: (at, measured) =>
      withModel(async (model) => {
        if (config.pictures === "none" || (config.pictures === "last" && !at.last)) return [];
        const pictures = await drawAll(model, at, measured);
        for (const { name, file, png } of pictures) {
          await writeFileAtomic(file, png);
          if (config.pictures !== "each") continue;
          mkdirSync(run.pictures, { recursive: true });
          const epoch = String(at.epoch).padStart(3, "0");
          await writeFileAtomic(join(run.pictures, `epoch-${epoch}-${name}.png`), png);
        }
        const title = `${network} on ${config.data.name}: training to step ${formatCount(at.step)}`;
        await writeFileAtomic(run.curve, await curvePicture(title, readMetrics(run.metrics), config.steps));
        return [...pictures.map(({ file }) => file), run.curve];
      }),
  };
}
