import { type Flow, FlowModel, type HostArray } from "@flowify/core";
import { latestCheckpoint } from "../checkpoint.js";
import type { CommonFlags, ImagesFlags } from "../commands/shared.js";
import { firstImages, type ImageSet, type Split } from "../data/image-set.js";
import { loadDataSet } from "../data/registry.js";
import { openExecutor } from "../executors.js";
import { flowOf, networkFor } from "../networks.js";
import { type RunConfig, readRunConfig } from "../run/config.js";
import { runPaths } from "../run/folder.js";
import type { Terminal } from "../ui/terminal.js";

/** A run's configuration and the arrays of its newest good checkpoint. */
export type SavedRun = Readonly<{
  config: RunConfig;
  flow: Flow;
  step: number;
  arrays: { readonly [name: string]: HostArray };
}>;

/**
 * Reads a run; a damaged checkpoint is passed over with a warning.
 *
 * @throws UsageError where the folder holds no run, CheckpointError where no checkpoint is good
 */
export async function readRun(folder: string, { warn }: Pick<Terminal, "warn">): Promise<SavedRun> {
  const config = readRunConfig(folder);
  const { checkpoint, skipped } = await latestCheckpoint(runPaths(folder).checkpoints, config.network);
  for (const { error } of skipped) warn(`${error.message.split("\n")[0]}; using an older checkpoint`);
  const { arrays, step } = checkpoint.state;
  return { config, flow: flowOf(config.network, config.flow), step, arrays: averaged(arrays) };
}

/** With weight averaging the averages are what a run is judged by. */
function averaged(arrays: SavedRun["arrays"]): SavedRun["arrays"] {
  const prefix = "average.";
  const averages = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  const renamed = averages.map(([name, array]) => [`params.${name.slice(prefix.length)}`, array] as const);
  return { ...arrays, ...Object.fromEntries(renamed) };
}

/** Opens a run's model, lends it to `use`, and gives everything back. */
export async function withModel<T>(
  folder: string,
  flags: CommonFlags,
  terminal: Terminal,
  use: (model: FlowModel, run: SavedRun) => Promise<T>,
): Promise<T> {
  const run = await readRun(folder, terminal);
  const executor = await openExecutor(flags.device ?? "auto", terminal);
  try {
    const model = await FlowModel.fromArrays(run.flow, run.arrays, executor);
    try {
      return await use(model, run);
    } finally {
      await model.dispose();
    }
  } finally {
    await executor.dispose();
  }
}

/**
 * The images that the flags ask for: by default the test images of the run's own data set.
 *
 * @throws ShapeError where they are not what the run's network takes
 */
export async function imagesFor({ config }: SavedRun, flags: ImagesFlags): Promise<ImageSet> {
  const { data = config.data.name, limit } = flags;
  const split: Split = flags.split ?? "test";
  const recorded = flags.data === undefined ? (config.data.dir ?? undefined) : undefined;
  const images = await loadDataSet({ name: data, dir: flags.dataDir ?? recorded }, split);
  networkFor(config.network, images);
  return limit === undefined ? images : firstImages(images, limit);
}
