import { UsageError } from "@flowify/core";
import type { FileHash } from "../data/file-hashes.js";
import type { Reading } from "../data/format.js";
import { isRowShape, nounOf } from "../data/image-set.js";
import { tablePatience } from "../detect/detector-flow.js";
import { autoSchedule, isBuilt } from "../networks/auto.js";
import type { ConvertedNetwork } from "../networks/choose.js";
import type { ChosenNetwork } from "../networks/weights.js";
import type { StepNetwork } from "../opaque/train.js";
import type { Rates, Recipe } from "../recipes.js";
import type { RunConfig } from "../run-config.js";
import { chosenTraining, type TrainFlags, trainingOf, usualTraining } from "../settings.js";
import type { LoadedData } from "./train-data.js";

const CHECKPOINT_AT_LEAST_EVERY = 1000;

/**
 * Approximate number of measurements with pictures in a run with short epochs, and of measurements on held-out
 * examples.
 */
const LOOKS = 10;
const VALIDATIONS = 20;

/** Steps of `epochs` passes over the images: the last batch of an epoch extends into the next. */
const stepsOf = (epochs: number, examples: number, batch: number): number =>
  Math.ceil((epochs * examples) / batch);

/** What a new run was given, and what was found for it. */
export type Choices = {
  name: string;
  reading: Reading | undefined;
  images: LoadedData;
  files: FileHash[] | undefined;
  network: ChosenNetwork & Partial<ConvertedNetwork & StepNetwork>;
  recipe: Recipe | undefined;
  rates: Rates;
};

/**
 * Everything that determines the results of the run: flags first, then the recipe, then the defaults of the network.
 */
export function newConfig(
  flags: TrainFlags,
  { name, reading, images, files, network, recipe, rates }: Choices,
): Omit<RunConfig, "device"> {
  const { data, validation } = images;
  const schema = "rows" in data ? data.schema : undefined;
  const classes = "images" in data && network.description?.condition ? data.classes : undefined;
  if (flags.contaminated && !schema)
    throw new UsageError(
      `--contaminated is for tables, ${name} is none\nleave it out, or name a .csv, .json or .parquet file, or an array of rows`,
    );
  const { density, ...ofNetwork } = rates;
  const chosen = chosenTraining(flags);
  const wanted = { ...usualTraining, ...ofNetwork, ...(recipe && { seed: recipe.seed }), ...chosen };
  const { batchSize } = wanted;
  if (batchSize > data.count) {
    throw new UsageError(
      `a batch of ${batchSize} is larger than the data (${data.count} ${nounOf(data, data.count)})\nchoose a smaller --batch`,
    );
  }
  const epoch = stepsOf(1, data.count, batchSize);
  const { steps: least = 0 } = isBuilt(network.name) ? autoSchedule(data) : {};
  const steps =
    flags.steps ??
    (flags.epochs === undefined && recipe === undefined
      ? Math.max(epoch, least)
      : stepsOf(flags.epochs ?? recipe?.epochs ?? 1, data.count, batchSize));
  // with many short epochs, measure only after several of them
  const together = Math.max(1, Math.round(least / epoch / LOOKS));
  const validateEvery = Math.ceil(steps / VALIDATIONS);
  const patience = flags.patience ?? (schema && tablePatience(validateEvery));
  if (flags.patience !== undefined && !validation)
    throw new UsageError("--patience needs held-out examples\nadd --validation N, or leave it out");
  const training = trainingOf({
    ...wanted,
    orthogonalRate: chosen.orthogonalRate ?? chosen.learningRate ?? rates.orthogonalRate,
    steps,
    warmup: Math.min(wanted.warmup, Math.ceil(steps / 10)),
  });
  return {
    format: "flowify-run",
    version: 3,
    network: network.name,
    ...(network.description && { description: network.description }),
    ...(network.pretrained && { pretrained: network.pretrained }),
    ...(network.opaque && { opaque: network.opaque }),
    recipe: flags.recipe ?? null,
    data: {
      name,
      dir: flags.dataDir ?? null,
      examples: data.count,
      validation: validation?.count ?? 0,
      shape: isRowShape(data.shape) ? [...data.shape] : [...data.shape],
      ...("rows" in data && data.columns && { columns: [...data.columns] }),
      hash: data.hash,
      ...((reading || schema || classes) && {
        reading: { ...reading, ...(schema && { schema }), ...(classes && { classes }) },
      }),
      ...(files && { files }),
    },
    flow: {
      density: flags.density ?? density,
      ...(network.pretrained && { frozen: flags.free !== true }),
    },
    training,
    checkpointEvery: flags.checkpointEvery ?? Math.min(epoch * together, CHECKPOINT_AT_LEAST_EVERY),
    evaluateEvery: flags.evaluateEvery ?? together,
    ...(validation && { validateEvery, ...(patience !== undefined && { patience }) }),
    ...(flags.test !== undefined && { test: flags.test }),
    pictures: flags.pictures ?? ("rows" in data ? "last" : "each"),
    ...(flags.contaminated && { contaminated: true as const }),
  };
}
