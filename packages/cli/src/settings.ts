import type { TrainOptions } from "@flowify/core";
import { trainingDefaults } from "@flowify/core/internal";
import * as v from "valibot";
import { choice, count, expectNone, type Flag, type FlagsOf, text, value, yes } from "./flags/flag.js";
import { decay, names, positiveNumber, wholeNumber } from "./flags/parsers.js";
import {
  commonFlags,
  normalizeFlag,
  pictureChoices,
  readingParameters,
  seedFlag,
  tableParameters,
} from "./flags/shared.js";

const integer = v.pipe(v.number(), v.safeInteger());
const positive = v.pipe(integer, v.minValue(1));
const index = v.pipe(integer, v.minValue(0));
const rate = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** A setting: its form in the configuration of a run, its flag, and the name of the flag where it is another one. */
type Setting = Readonly<{ schema: v.GenericSchema; flag?: Flag; as?: string; on?: string }>;
type Settings = Readonly<Record<string, Setting>>;

/**
 * How a flow is trained. The names are those of the options of `fit` and `createTrainer`, from the flag to the step.
 * Flags, help, the configuration of a run, the default values of recipes and what `--resume` takes over follow from here.
 */
const training = {
  steps: { schema: positive, flag: count("Training steps, instead of --epochs") },
  batchSize: {
    schema: positive,
    as: "batch",
    flag: count("Examples per step (default: set by the network; 128 for most)"),
  },
  learningRate: {
    schema: rate,
    as: "lr",
    flag: value(positiveNumber(), "RATE", "Peak step size of all parameters (default: set by the network)"),
  },
  orthogonalRate: {
    /** 0: they stay at their start. */
    schema: v.pipe(v.number(), v.finite(), v.minValue(0)),
    as: "orthogonalLr",
    flag: value(positiveNumber(), "RATE", "Peak step size of orthogonal parameters (default: --lr)"),
  },
  warmup: {
    schema: index,
    flag: value(wholeNumber(0), "N", "Steps of linear warm-up, at most a tenth of the run (default: 100)"),
  },
  clip: {
    /** null: never. */
    schema: v.nullable(rate),
    flag: value(
      positiveNumber(),
      "NORM",
      "Largest norm of the gradient; longer ones are scaled down (default: 500)",
    ),
  },
  optimizer: {
    schema: v.optional(v.picklist(["adam", "muon"]), "adam"),
    flag: choice(
      ["adam", "muon"],
      "How kernels of convolutions move: by adam, as all else, or by muon (default: set by the network; adam for most)",
    ),
  },
  ema: {
    schema: v.pipe(v.number(), v.minValue(0), v.ltValue(1)),
    flag: value(
      decay,
      "DECAY",
      "Decay of an average of the weights, such as 0.999 (default: 0, no average; of tables 0.97)",
    ),
  },
  init: { schema: v.picklist(["data", "random"]) },
  initExamples: { schema: positive },
  augment: {
    schema: v.optional(v.picklist(["none", "flip"]), "none"),
    as: "flip",
    on: "flip",
    flag: yes("Flip each training image left to right with probability 1/2"),
  },
  seed: {
    schema: index,
    flag: seedFlag("Seed of the initialization, the order of the data and all noise (default: 0)"),
  },
} as const satisfies Settings;

/** How a run is measured and kept. */
const keeping = {
  checkpointEvery: {
    schema: positive,
    flag: count("Steps between checkpoints (default: one epoch, at most 1000)"),
  },
  /** Steps between measurements on the validation examples; evaluation uses the best state on them. */
  validateEvery: { schema: v.exactOptional(positive) },
  /** Measurements on the validation examples, after the best one, that end the run. */
  patience: {
    schema: v.exactOptional(positive),
    flag: count(
      "Measurements of the held-out examples without a better one after which the run ends (default: of tables 5, and at least 125 steps; else the run takes all steps)",
    ),
  },
  /** Epochs between measurements, and the measurements with pictures. */
  evaluateEvery: {
    schema: v.optional(positive, 1),
    flag: count("Epochs between measurements; the last epoch is always measured (default: 1)"),
  },
  /** Test examples that are measured; all, where it is not given. */
  test: {
    schema: v.exactOptional(positive),
    flag: count("Measure only N of the test images, evenly spaced (default: all)"),
  },
  pictures: {
    schema: v.optional(v.picklist(pictureChoices), "each"),
    flag: choice(
      pictureChoices,
      "Write pictures at each measurement, at the last one, or never (default: each; of rows last)",
    ),
  },
  /** The training rows hold anomalies: the detector of a table leaves the oddest of them out. */
  contaminated: {
    schema: v.exactOptional(v.literal(true)),
    flag: yes("The table holds anomalies: its detector leaves the oddest training rows out"),
  },
} as const satisfies Settings;

type SchemasOf<T extends Settings> = { [K in keyof T]: T[K]["schema"] };
type FlagName<K, S> = S extends { as: infer Name extends string } ? Name : K;
type FlagsIn<T extends Settings> = {
  [K in keyof T as T[K] extends { flag: Flag } ? FlagName<K, T[K]> : never]: T[K] extends { flag: infer F }
    ? F
    : never;
};

const schemasOf = <T extends Settings>(all: T): SchemasOf<T> =>
  Object.fromEntries(Object.entries(all).map(([name, { schema }]) => [name, schema])) as SchemasOf<T>;

const flagsIn = <T extends Settings>(all: T): FlagsIn<T> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, { flag, as = name }]) => (flag ? [[as, flag]] : [])),
  ) as FlagsIn<T>;

/** The part of a run's configuration that the trainer takes, and the fields beside it. */
export const trainingSchema = v.strictObject(schemasOf(training));
export const keepingSchemas = schemasOf(keeping);

export type Training = v.InferOutput<typeof trainingSchema>;

/** Flags that decide the numbers of a run: one that goes on takes their values from its configuration. */
const runFlags = {
  recipe: text("NAME", "Network, data, schedule and step sizes in one name, such as mnist/fconv2"),
  data: text(
    "NAME",
    "Data set, or the path of a folder or file of images or rows (default: the data of the network, or mnist)",
  ),
  ...readingParameters,
  ...tableParameters,
  limit: count("Only the first N training images"),
  validation: value(
    wholeNumber(0),
    "N",
    "Hold out the last N training images and keep the best state on them (default: 0; with auto, vector/…, table/… and --from a tenth, at most 1000)",
  ),
  network: text(
    "NAME",
    "Name of a network, a file net.json, or auto, which builds one for the data (default: auto)",
  ),
  from: text(
    "DIR",
    "Pretrained network that flowify convert wrote; trains its inverse and keeps its function",
  ),
  normalize: normalizeFlag,
  free: yes("With --from: train the function as well"),
  predict: value(names, "A,B", "Predict these columns of a table: their whole distribution, given others"),
  given: value(names, "A,B", "With --predict: the columns to predict from (default: all others)"),
  ensemble: count(
    "With --predict: flows whose mixture predicts (default: 5 below 2,000 rows, 3 below 20,000, else 1)",
    "K",
  ),
  time: text("COLUMN", "Rows of a table follow each other in time: learn the next row, given the last ones"),
  series: value(
    names,
    "A,B",
    "With --time: the columns that say of which series a row is, where a table holds several",
  ),
  lags: count("With --time: rows that the next one is learned from (default: 24)"),
  horizon: count("With --time: rows that predict forecasts (default: as many as --lags)"),
  condition: choice(["label"], "Train the density of images given their label, p(image | label)"),
  density: choice(["gaussian", "mixture"], "Density of dropped coordinates (default: mixture)"),
  epochs: count("Passes over the training data (default: 1, or as many as the recipe or auto sets)"),
  ...flagsIn(training),
  ...flagsIn(keeping),
  out: text("DIR", "Folder of the run (default: runs/DATA-NETWORK)"),
  force: yes("Replace the run in --out"),
} as const;

export const trainFlags = {
  ...runFlags,
  dataDir: text("DIR", "Folder with the files of the data set"),
  resume: text("DIR", "Continue the run in DIR from its last checkpoint"),
  check: yes("Check the output of every layer before each step and name the first that is not finite"),
  workers: count(
    "Parts of a batch that the native device computes side by side; changes last digits (default: what a few steps show to be fastest)",
  ),
  rankTimeout: value(
    wholeNumber(2),
    "SECONDS",
    "Under mpirun: seconds of silence after which a rank counts as lost (default: 30)",
  ),
  ...commonFlags,
};

export type TrainFlags = FlagsOf<typeof trainFlags>;

/** @throws UsageError for a flag that a run that goes on has in its configuration */
export function expectUndecided(flags: TrainFlags, folder: string): void {
  const decided = Object.keys(runFlags) as (keyof typeof runFlags)[];
  expectNone(flags, decided, `cannot be changed with --resume: the run in ${folder} sets it\nleave it out`);
}

/** The settings of the training that flags set, by their own names. */
export function chosenTraining(flags: TrainFlags): Partial<Training> {
  const chosen = Object.entries<Setting>(training).flatMap(([name, { as = name, on }]) => {
    const given = flags[as as keyof TrainFlags];
    return given === undefined ? [] : [[name, on ?? given]];
  });
  return Object.fromEntries(chosen) as Partial<Training>;
}

/** The settings of a training, of a record that has others too. */
export const trainingOf = (values: Training): Training =>
  Object.fromEntries(Object.keys(training).map((name) => [name, values[name as keyof Training]])) as Training;

/** Settings of a network without a recipe, of one run as of another. */
export const usualTraining = {
  ...trainingDefaults,
  orthogonalRate: trainingDefaults.learningRate,
  warmup: trainingDefaults.warmup(Number.POSITIVE_INFINITY),
  seed: 0,
} as const satisfies Omit<Training, "steps">;

export const trainerOptions = ({
  training: { clip, ...options },
}: Readonly<{ training: Training }>): Required<Pick<TrainOptions, keyof Training>> => ({
  ...options,
  clip: clip ?? Number.POSITIVE_INFINITY,
});
