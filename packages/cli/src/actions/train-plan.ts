import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, type Flow, UsageError } from "@flowify/core";
import type { DeviceName } from "../commands/shared.js";
import type { TrainFlags } from "../commands/train.js";
import { firstImages, type ImageSet } from "../data/image-set.js";
import { hasSplit, loadDataSet } from "../data/registry.js";
import { flowOf, networkFor, networkNamed } from "../networks.js";
import { type RunConfig, readRunConfig } from "../run/config.js";
import { checkRunFolder } from "../run/folder.js";

/** What a training run is going to do, with everything checked that can be checked before it starts. */
export type TrainPlan = Readonly<{
  folder: string;
  resume: boolean;
  force: boolean;
  /** All but the device, which the executor that is found decides. */
  config: Omit<RunConfig, "device">;
  device: DeviceName;
  flow: Flow;
  data: ImageSet;
  /** Undefined where the data set has no test images. */
  test: ImageSet | undefined;
}>;

const BATCH = 128;
const LEARNING_RATE = 1e-3;
const CHECKPOINT_AT_LEAST_EVERY = 1000;

/** Flags that say what a run computes: a resumed run has them in its configuration. */
const decidedByRun = {
  data: "--data",
  limit: "--limit",
  network: "--network",
  density: "--density",
  epochs: "--epochs",
  steps: "--steps",
  batch: "--batch",
  lr: "--lr",
  clip: "--clip",
  ema: "--ema",
  seed: "--seed",
  out: "--out",
  force: "--force",
  checkpointEvery: "--checkpoint-every",
} as const satisfies Partial<Record<keyof TrainFlags, string>>;

export const planTraining = (flags: TrainFlags): Promise<TrainPlan> =>
  flags.resume === undefined ? planNew(flags) : planResume(flags, flags.resume);

async function planNew(flags: TrainFlags): Promise<TrainPlan> {
  const { data: name = "mnist", dataDir, network = "fmlp", batch = BATCH, seed = 0, force = false } = flags;
  if (flags.epochs !== undefined && flags.steps !== undefined) {
    throw new UsageError("--epochs and --steps exclude each other\ngive one of them");
  }
  networkNamed(network); // a wrong name is refused before anything is read
  if (flags.out !== undefined) checkRunFolder(flags.out, { force });
  const { data, test } = await loadImages({ name, dir: dataDir }, flags.limit);
  if (batch > data.count) {
    throw new UsageError(
      `a batch of ${batch} is larger than the data (${data.count} images)\nchoose a smaller --batch`,
    );
  }
  const fullName = networkFor(network, data);
  const { density = "mixture" } = flags;
  const steps = flags.steps ?? stepsOf(flags.epochs ?? 1, data.count, batch);
  const { lr = LEARNING_RATE, clip = 500, ema = 0 } = flags;
  return {
    folder: flags.out ?? unusedFolder(`${data.name}-${fullName.replace(/^.*\//, "")}`),
    resume: false,
    force,
    config: {
      format: "flowify-run",
      version: 1,
      network: fullName,
      data: { name, dir: dataDir ?? null, items: data.count, shape: [...data.shape], hash: data.hash },
      steps,
      batch,
      seed,
      flow: { density },
      training: {
        learningRate: lr,
        orthogonalRate: lr,
        warmup: Math.min(100, Math.ceil(steps / 10)),
        clip,
        ema,
        start: "data",
        startItems: 4096,
      },
      checkpointEvery:
        flags.checkpointEvery ?? Math.min(stepsOf(1, data.count, batch), CHECKPOINT_AT_LEAST_EVERY),
    },
    device: flags.device ?? "auto",
    flow: flowOf(fullName, { density }),
    data,
    test,
  };
}

async function planResume(flags: TrainFlags, folder: string): Promise<TrainPlan> {
  for (const [key, flag] of Object.entries(decidedByRun)) {
    if (flags[key as keyof typeof decidedByRun] !== undefined) {
      throw new UsageError(
        `${flag} cannot be given with --resume: the run in ${folder} decides it\nleave it out`,
      );
    }
  }
  const { device, ...config } = readRunConfig(folder);
  const { name, dir, items, hash } = config.data;
  const { data, test } = await loadImages({ name, dir: flags.dataDir ?? dir ?? undefined }, undefined);
  if (data.count < items || firstImages(data, items).hash !== hash) {
    throw new DataError(
      `${name}: the training images are not those that the run in ${folder} began with (sha256 ${hash})\nbring the old files back (--data-dir), or begin a new run`,
    );
  }
  return {
    folder,
    resume: true,
    force: false,
    config,
    device: flags.device ?? device,
    flow: flowOf(config.network, config.flow),
    data: firstImages(data, items),
    test,
  };
}

async function loadImages(
  choice: { name: string; dir: string | undefined },
  limit: number | undefined,
): Promise<{ data: ImageSet; test: ImageSet | undefined }> {
  const all = await loadDataSet(choice, "train");
  const data = limit === undefined ? all : firstImages(all, limit);
  const test = hasSplit(choice, "test") ? await loadDataSet(choice, "test") : undefined;
  if (test && test.shape.join() !== data.shape.join()) {
    throw new DataError(
      `${choice.name}: test images [${test.shape.join(", ")}], expected [${data.shape.join(", ")}] as the training images have`,
    );
  }
  return { data, test };
}

/** Steps that go `epochs` times through the images: the last batch of an epoch reaches into the next. */
const stepsOf = (epochs: number, items: number, batch: number): number => Math.ceil((epochs * items) / batch);

function unusedFolder(name: string): string {
  for (let copy = 1; ; copy++) {
    const folder = join("runs", copy === 1 ? name : `${name}-${copy}`);
    if (!existsSync(folder)) return folder;
  }
}
