import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Flow, trainingDefaults, UsageError } from "@flowify/core";
import { type DeviceName, readingOf } from "../commands/shared.js";
import type { TrainFlags } from "../commands/train.js";
import type { FileHash } from "../data/file-hashes.js";
import { type Reading, readingFlags } from "../data/form.js";
import type { ImageSet } from "../data/image-set.js";
import { dataFiles } from "../data/registry.js";
import type { RunConfig } from "../format/config.js";
import type { ChosenNetwork } from "../format/weights.js";
import {
  type ConvertedNetwork,
  convertedNetwork,
  flowOf,
  networkFor,
  networkNamed,
} from "../networks/choose.js";
import { dataOf, type Rates, type Recipe, ratesOf, recipeNamed } from "../recipes.js";
import { networkOfRun, readRunConfig } from "../run/config.js";
import { checkRunFolder } from "../run/folder.js";
import { type LoadedImages, loadImages, loadImagesAgain } from "./train-images.js";

/** What a training run is going to do, with everything checked that can be checked before it starts. */
export type TrainPlan = Readonly<{
  folder: string;
  resume: boolean;
  force: boolean;
  /** All but the device, which the executor that is found decides. */
  config: Omit<RunConfig, "device">;
  device: DeviceName;
  network: ChosenNetwork & Partial<ConvertedNetwork>;
  flow: Flow;
  data: ImageSet;
  /** Undefined where none are held out. */
  validation: ImageSet | undefined;
  /** Undefined where the data set has no test images. */
  test: ImageSet | undefined;
}>;

const CHECKPOINT_AT_LEAST_EVERY = 1000;

/** Flags that say what a run computes: a resumed run has them in its configuration. */
const decidedByRun = {
  recipe: "--recipe",
  data: "--data",
  ...readingFlags,
  limit: "--limit",
  validation: "--validation",
  flip: "--flip",
  network: "--network",
  from: "--from",
  normalize: "--normalize",
  free: "--free",
  density: "--density",
  epochs: "--epochs",
  steps: "--steps",
  batch: "--batch",
  lr: "--lr",
  orthogonalLr: "--orthogonal-lr",
  warmup: "--warmup",
  clip: "--clip",
  ema: "--ema",
  seed: "--seed",
  out: "--out",
  force: "--force",
  checkpointEvery: "--checkpoint-every",
  evaluateEvery: "--evaluate-every",
  pictures: "--pictures",
} as const satisfies Partial<Record<keyof TrainFlags, string>>;

export const planTraining = (flags: TrainFlags): Promise<TrainPlan> =>
  flags.resume === undefined ? planNew(flags) : planResume(flags, flags.resume);

/** Steps that go `epochs` times through the images: the last batch of an epoch reaches into the next. */
const stepsOf = (epochs: number, items: number, batch: number): number => Math.ceil((epochs * items) / batch);

async function planNew(flags: TrainFlags): Promise<TrainPlan> {
  const { force = false } = flags;
  if (flags.epochs !== undefined && flags.steps !== undefined) {
    throw new UsageError("--epochs and --steps exclude each other\ngive one of them");
  }
  checkFrom(flags);
  const recipe = flags.recipe === undefined ? undefined : recipeNamed(flags.recipe);
  const wanted = flags.network ?? recipe?.network ?? "fmlp";
  const { name: presumed } = networkNamed(wanted); // a wrong name is refused before anything is read
  if (flags.out !== undefined) checkRunFolder(flags.out, { force });
  const name = flags.data ?? recipe?.data ?? dataOf(presumed) ?? "mnist";
  const reading = readingOf(flags);
  const images = await loadImages({ name, dir: flags.dataDir, reading }, flags);
  const network: Choices["network"] =
    flags.from === undefined
      ? networkFor(wanted, images.data)
      : convertedNetwork(flags.from, images.data.shape, flags.normalize);
  const rates = recipe ?? ratesOf(network.name, flags.density);
  const files = await dataFiles({ name, dir: flags.dataDir, reading });
  const config = newConfig(flags, { name, reading, images, files, network, recipe, rates });
  return {
    folder: flags.out ?? unusedFolder(`${images.data.name}-${network.name.replace(/^.*\//, "")}`),
    resume: false,
    force,
    config,
    device: flags.device ?? "auto",
    network,
    flow: flowOf(network, config.flow),
    ...images,
  };
}

/** @throws UsageError for flags that only mean something with --from, or nothing */
function checkFrom({ from, network, recipe, normalize, free }: TrainFlags): void {
  if (from !== undefined && (network !== undefined || recipe !== undefined))
    throw new UsageError("--from names the network: leave --network and --recipe out");
  if (from === undefined && (normalize !== undefined || free === true))
    throw new UsageError(
      `${free === true ? "--free" : "--normalize"} is for a converted network\nname one: --from DIR`,
    );
}

type Choices = {
  name: string;
  reading: Reading | undefined;
  images: LoadedImages;
  files: FileHash[] | undefined;
  network: ChosenNetwork & Partial<ConvertedNetwork>;
  recipe: Recipe | undefined;
  rates: Rates;
};

/** Everything that decides what the run computes: flags first, then the recipe, then what the network likes. */
function newConfig(
  flags: TrainFlags,
  { name, reading, images, files, network, recipe, rates }: Choices,
): TrainPlan["config"] {
  const { data, validation } = images;
  const batch = flags.batch ?? rates.batch;
  if (batch > data.count) {
    throw new UsageError(
      `a batch of ${batch} is larger than the data (${data.count} images)\nchoose a smaller --batch`,
    );
  }
  const steps = flags.steps ?? stepsOf(flags.epochs ?? recipe?.epochs ?? 1, data.count, batch);
  const epoch = stepsOf(1, data.count, batch);
  return {
    format: "flowify-run",
    version: 1,
    network: network.name,
    ...(network.description && { description: network.description }),
    ...(network.given && { given: network.given }),
    recipe: flags.recipe ?? null,
    data: {
      name,
      dir: flags.dataDir ?? null,
      items: data.count,
      validation: validation?.count ?? 0,
      shape: [...data.shape],
      hash: data.hash,
      ...(reading && { reading }),
      ...(files && { files }),
    },
    steps,
    batch,
    seed: flags.seed ?? recipe?.seed ?? 0,
    flow: {
      density: flags.density ?? rates.density,
      ...(flags.from !== undefined && { frozen: flags.free !== true }),
    },
    training: {
      learningRate: flags.lr ?? rates.learningRate,
      orthogonalRate: flags.orthogonalLr ?? flags.lr ?? rates.orthogonalRate,
      warmup: Math.min(flags.warmup ?? rates.warmup, Math.ceil(steps / 10)),
      clip: flags.clip ?? rates.clip,
      ema: flags.ema ?? trainingDefaults.ema,
      start: rates.start,
      startItems: rates.startItems,
      augment: flags.flip === true ? "flip" : trainingDefaults.augment,
    },
    checkpointEvery: flags.checkpointEvery ?? Math.min(epoch, CHECKPOINT_AT_LEAST_EVERY),
    evaluateEvery: flags.evaluateEvery ?? 1,
    pictures: flags.pictures ?? "each",
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
  const config = readRunConfig(folder);
  const network = networkOfRun(config, folder);
  const images = await loadImagesAgain(config, flags.dataDir, folder);
  const { device, ...rest } = config;
  return {
    folder,
    resume: true,
    force: false,
    config: rest,
    device: flags.device ?? device,
    network,
    flow: flowOf(network, config.flow),
    ...images,
  };
}

/** The run of `source` once more, in a folder of its own. */
export async function planAgain(
  source: string,
  { dataDir, device, out }: { dataDir?: string; device?: DeviceName; out: string },
): Promise<TrainPlan> {
  const { device: before, environment: _, ...config } = readRunConfig(source);
  const network = networkOfRun({ ...config, device: before }, source);
  const images = await loadImagesAgain({ ...config, device: before }, dataDir, source);
  return {
    folder: out,
    resume: false,
    force: false,
    config,
    device: device ?? before,
    network,
    flow: flowOf(network, config.flow),
    ...images,
  };
}

function unusedFolder(name: string): string {
  for (let copy = 1; ; copy++) {
    const folder = join("runs", copy === 1 ? name : `${name}-${copy}`);
    if (!existsSync(folder)) return folder;
  }
}
