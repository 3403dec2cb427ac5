import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { FlowModel, type TrainingState } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { type DataSet, describeImages, firstImages } from "../data/image-set.js";
import { mayPass, writeFileAtomic } from "../files/atomic.js";
import { PictureError } from "../pictures/render.js";
import { SHOWN } from "../pictures/scatter.js";
import { averaged } from "../runs/checkpoint.js";
import { readMetrics } from "../runs/metrics.js";
import {
  curvePicture,
  ledgerPicture,
  reconstructionsPicture,
  SHEET_TEMPERATURE,
  samplesPicture,
  scatterPicture,
} from "../sheets/run-pictures.js";
import { formatCount } from "../ui/format.js";
import { unitOf } from "../unit.js";
import type { Measurement, Moment, RunInTraining } from "./run-log.js";

const SAMPLES = 150;
const ROWS = 1000;
const ROW = 15;

/** Latents of fewer numbers keep nothing of an image that pictures of means and reconstructions could show. */
const SHOWN_LATENT = 4;

export const samplesOf = (set: DataSet): number => ("rows" in set ? ROWS : SAMPLES);

/** An earlier state of a run and its step; undefined for that of this moment. */
export type Earlier = Pick<TrainingState, "arrays" | "step"> | undefined;

/** Works with a model of this moment: a copy of its parameters, so training is the same with and without it. */
export async function withModelOf<T>(
  { plan, trainer, executor }: Pick<RunInTraining, "plan" | "trainer" | "executor">,
  use: (model: FlowModel) => Promise<T>,
): Promise<T> {
  const model = new FlowModel(plan.flow, await trainer.params(), executor);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/** Draws something of a run; a picture is worth no run, so undefined where it can be neither drawn nor written. */
export async function orWithout<T>(
  { note }: Pick<RunInTraining, "note">,
  what: string,
  draw: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await draw();
  } catch (error) {
    if (!mayPass(error) && !(error instanceof PictureError)) throw error;
    const verb = error instanceof PictureError ? "drawn" : "written";
    note(`${what} could not be ${verb}: ${(error as Error).message}`);
    return undefined;
  }
}

/** The pictures of a run, with separate random streams. */
export function runPictures(of: RunInTraining) {
  const { plan, config, run, trainer, executor } = of;
  const { network, pictures: when } = config;
  const { seed, steps } = config.training;
  const held = plan.validation ?? plan.test ?? plan.data;
  // of a small table too few rows are held out to show how rows lie
  const some = "rows" in plan.data && plan.data.count <= SHOWN.rows ? plan.data : held;
  const unit = unitOf(plan.data.shape);

  const paramsOf = async ({ arrays }: NonNullable<Earlier>): Promise<FlowModel["params"]> => {
    const model = await FlowModel.fromArrays(plan.flow, averaged(arrays), executor);
    await model.dispose();
    return model.params;
  };

  let moving = of.model;
  /** One model for all: it keeps its programs from one picture or measurement to the next. */
  const withModel = async <T>(earlier: Earlier, use: (model: FlowModel) => Promise<T>): Promise<T> => {
    const params = earlier ? await paramsOf(earlier) : await trainer.params();
    if (moving) await moving.moveTo(params);
    else moving = new FlowModel(plan.flow, params, executor, { moving: true });
    return use(moving);
  };

  const samples = (model: FlowModel, title: string, mode: "sample" | "deterministic" = "sample") =>
    "rows" in some
      ? scatterPicture(model, { title: `${title}: pairs of columns`, real: some, count: ROWS, seed })
      : samplesPicture(model, {
          title: `${title}: ${SAMPLES} samples`,
          shape: some.shape,
          count: SAMPLES,
          columns: ROW,
          seed,
          temperature: SHEET_TEMPERATURE,
          mode,
          classes: some.classes,
        });

  const drawAll = async (model: FlowModel, title: string, shown: Measurement | undefined) => {
    const drawn = [[run.samples, await samples(model, title)] as const];
    if ("images" in some && sizeOf(plan.flow.latentShape) >= SHOWN_LATENT) {
      const images = firstImages(some, Math.min(ROW, some.count));
      const kept = `${title}: reconstructions of ${images.split} images`;
      drawn.push([run.samplesMean, await samples(model, title, "deterministic")]);
      drawn.push([run.reconstructions, await reconstructionsPicture(model, { title: kept, images, seed })]);
    }
    if (shown) {
      const name = `${title}: ${describeImages(shown.images, { files: false })}`;
      drawn.push([run.ledger, await ledgerPicture(name, shown.evaluation, unit)]);
    }
    return drawn;
  };

  return {
    withModel,
    /** Writes a picture of samples of this moment, over the one before; the path, or undefined without pictures. */
    async look(step: number): Promise<string | undefined> {
      if (when !== "each") return undefined;
      return orWithout(of, `the samples of step ${step}`, () =>
        withModel(undefined, async (model) => {
          const title = `${network}, step ${formatCount(step)} of ${formatCount(steps)}`;
          await writeFileAtomic(run.samples, await samples(model, title));
          return run.samples;
        }),
      );
    },

    /** Writes the pictures of an epoch; the curve comes from the metrics. Returns the paths of the newest ones. */
    async draw(
      { step, epoch, last }: Moment & Readonly<{ last: boolean }>,
      shown: Measurement | undefined,
      earlier: Earlier,
    ): Promise<string[]> {
      if (when === "none" || (when === "last" && !last)) return [];
      const title = earlier
        ? `${network}, best state, of step ${formatCount(earlier.step)} of ${formatCount(step)}`
        : `${network}, epoch ${epoch}, step ${formatCount(step)}`;
      const drawn = await orWithout(of, `the pictures of epoch ${epoch}`, () =>
        withModel(earlier, async (model) => {
          const pictures = await drawAll(model, title, shown);
          for (const [file, png] of pictures) {
            await writeFileAtomic(file, png);
            if (when !== "each") continue;
            mkdirSync(run.pictures, { recursive: true });
            const name = `epoch-${String(epoch).padStart(3, "0")}-${basename(file)}`;
            await writeFileAtomic(join(run.pictures, name), png);
          }
          const curve = `${network} on ${config.data.name}: training to step ${formatCount(step)}`;
          const end = last ? step : steps; // a run may end before its last step
          await writeFileAtomic(run.curve, await curvePicture(curve, readMetrics(run.metrics), end, unit));
          return [...pictures.map(([file]) => file), run.curve];
        }),
      );
      return drawn ?? [];
    },

    async dispose(): Promise<void> {
      await moving?.dispose();
    },
  };
}
