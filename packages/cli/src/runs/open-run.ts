import { existsSync } from "node:fs";
import { type Flow, FlowModel, type TrainingState, UsageError } from "@flowify/core";
import type { Reading } from "../data/format.js";
import {
  type DataSet,
  firstImages,
  holdOut,
  type ImageShape,
  isRowShape,
  nounOf,
} from "../data/image-set.js";
import { loadExamples, loadMeasured } from "../data/registry.js";
import { withExecutor } from "../executors.js";
import { type CommonFlags, type ImagesFlags, readingOf } from "../flags/shared.js";
import { expectFit, flowOf } from "../networks/choose.js";
import { readArrays } from "../networks/network-file.js";
import type { ChosenNetwork } from "../networks/weights.js";
import { type OutputsOf, openFunction } from "../opaque/run.js";
import type { RunConfig } from "../run-config.js";
import type { Terminal } from "../ui/terminal.js";
import { averaged } from "./checkpoint.js";
import { networkOfRun, readRunConfig } from "./config-file.js";
import { runPaths } from "./folder.js";
import { expectOwn } from "./identity.js";
import { judgedCheckpoint, withCheckpoint } from "./saved-checkpoints.js";

/** A run's configuration and the arrays of its best (or newest) checkpoint. */
export type SavedRun = Readonly<{
  config: RunConfig;
  network: ChosenNetwork;
  flow: Flow;
  /** Of the checkpoint. */
  path: string;
  step: number;
  /** The arrays for evaluation: with weight averaging, the averages. */
  arrays: TrainingState["arrays"];
  /** The network that is one step of the flow, for examples; of an open run. */
  outputsOf?: OutputsOf | undefined;
}>;

/**
 * Reads a run. Skips damaged checkpoints with a warning.
 *
 * @throws UsageError if the folder holds no run, CheckpointError if no checkpoint is intact
 */
export async function readRun(folder: string, { warn }: Pick<Terminal, "warn">): Promise<SavedRun> {
  const config = readRunConfig(folder);
  const { checkpoint, path, skipped } = await judgedCheckpoint(runPaths(folder).checkpoints, config);
  const { arrays, step } = checkpoint.state;
  for (const { message } of skipped) warn(`${message.split("\n")[0]}; using the checkpoint of step ${step}`);
  const network = networkOfRun(config, folder);
  // densities that the run has fitted to all of its rows in place of those to train on, at its end
  const { fitted } = runPaths(folder);
  const again = `run flowify train --resume ${folder} to write it again`;
  const { tensors: fittedAgain, metadata } = existsSync(fitted)
    ? readArrays(fitted, again)
    : { tensors: {}, metadata: {} as Record<string, string> };
  expectOwn(fitted, metadata.run, config, again);
  return {
    config,
    network,
    flow: flowOf(network, config.flow),
    path,
    step,
    arrays: { ...averaged(arrays), ...fittedAgain },
  };
}

/** Opens a run's model, calls `use` with it, and releases everything. `moving`: with the programs that training has compiled. */
export async function withModel<T>(
  folder: string,
  flags: CommonFlags,
  terminal: Terminal,
  use: (model: FlowModel, run: SavedRun) => Promise<T>,
  { moving = false } = {},
): Promise<T> {
  const run = await readRun(folder, terminal);
  return withExecutor(flags, terminal, async (executor) => {
    const { opaque, data } = run.config;
    const opened = opaque && (await openFunction(runPaths(folder).original, opaque, data.shape));
    const conditionOf = opened?.outputsOf;
    const made = () => FlowModel.fromArrays(run.flow, run.arrays, executor, { conditionOf, moving });
    const model = await withCheckpoint(run.path, made);
    try {
      return await use(model, { ...run, outputsOf: conditionOf });
    } finally {
      await model.dispose();
      await opened?.dispose();
    }
  });
}

/** Default reading of pictures for a run: grey or colour, and the size, as in training. */
export const usualReading = ({ config: { data } }: Pick<SavedRun, "config">): Reading => ({
  ...(!isRowShape(data.shape) && { grey: data.shape[0] === 1 }),
  ...data.reading,
});

/**
 * The images or rows that the flags select. Default: the test split of the run's own data set, or of other data the
 * test split or, without splits, all examples. `train` are the training examples of the run, `validation` its held-out
 * examples.
 *
 * @throws ShapeError if they do not fit the run's network, UsageError if none were held out
 */
export async function imagesFor(
  { config, network }: SavedRun,
  flags: ImagesFlags,
  limitFlag = "--limit",
): Promise<DataSet> {
  const own = flags.data === undefined;
  const { limit } = flags;
  const { schema, classes } = config.data.reading ?? {};
  const choice = {
    name: flags.data ?? config.data.name,
    dir: flags.dataDir ?? (own ? (config.data.dir ?? undefined) : undefined),
    reading: readingOf(flags) ?? (own ? config.data.reading : undefined),
    usual: { ...(schema && { schema }), ...(classes && { classes }) },
  };
  if (!own && flags.split === undefined) {
    const all = await loadMeasured({ ...choice, usual: usualReading({ config }) });
    expectFit(network, all);
    return limit === undefined ? all : firstImages(all, limit, limitFlag);
  }
  const { split = "test" } = flags;
  const published = await loadExamples(choice, split === "test" ? "test" : "train");
  expectFit(network, published);
  const images = split === "test" ? published : trainingPart(published, own ? config.data : undefined, split);
  return limit === undefined ? images : firstImages(images, limit, limitFlag);
}

function trainingPart(
  all: DataSet,
  used: RunConfig["data"] | undefined,
  split: "train" | "validation",
): DataSet {
  const { train, validation } = holdOut(all, used?.validation ?? 0);
  if (split === "train") return used ? firstImages(train, Math.min(used.examples, train.count)) : train;
  if (validation) return validation;
  throw new UsageError(
    `--split validation: the run held out no ${nounOf(all)} of ${all.name}\nhold some out with flowify train --validation N`,
  );
}

/**
 * The shape of a run's images.
 *
 * @throws UsageError for a run of rows; the message consists of `what` (the command that needs images) and `instead`
 * (the remedy)
 */
export function expectImageRun({ config }: SavedRun, what: string, instead: string): ImageShape {
  const { name, shape } = config.data;
  if (!isRowShape(shape)) return shape;
  throw new UsageError(`${what}: this run has rows of ${shape[0]} numbers (${name})\n${instead}`);
}
