import {
  DeviceError,
  type Executor,
  type Flow,
  type NetworkLayer,
  type TrainOptions,
  UsageError,
} from "@flowify/core";
import type { initParams } from "@flowify/core/layer";
import { columnWarnings, surveyColumns } from "../data/column-survey.js";
import { conditionOf, type DataSet, examplesOf, type RowSet } from "../data/image-set.js";
import { dataFiles } from "../data/registry.js";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { openExecutor } from "../executors.js";
import { type DeviceName, readingOf } from "../flags/shared.js";
import { AUTO, autoSchedule, isBuilt, takesTables } from "../networks/auto.js";
import {
  type ConvertedNetwork,
  convertedNetwork,
  flowOf,
  networkFor,
  networkNamed,
} from "../networks/choose.js";
import { autoForTime } from "../networks/first-look.js";
import type { NetworkDescription } from "../networks/network.js";
import type { ChosenNetwork } from "../networks/weights.js";
import { withLabels } from "../networks/with-labels.js";
import { holdsFunction } from "../opaque/function.js";
import { functionFor, givenOutputs, type StepNetwork, withOutputs } from "../opaque/train.js";
import { productRate } from "../product-rate.js";
import type { Accuracy } from "../quality/accuracy.js";
import { dataOf, ratesOf, recipeNamed } from "../recipes.js";
import type { RunConfig } from "../run-config.js";
import { networkOfRun, readRunConfig } from "../runs/config-file.js";
import { runPaths, unusedFolder } from "../runs/folder.js";
import { expectPlaceOfRun, inputsOfConverted } from "../runs/outputs.js";
import { expectUndecided, type TrainFlags, trainerOptions } from "../settings.js";
import { type Choices, newConfig } from "./new-config.js";
import { loadData, loadDataAgain } from "./train-data.js";

/** The plan of a training run, checked as far as possible before it starts. */
export type TrainPlan = Readonly<{
  folder: string;
  resume: boolean;
  /** A resumed run whose data lie in another place now. */
  moved?: boolean;
  force: boolean;
  /** Everything except the device, which depends on the executor. */
  config: Omit<RunConfig, "device">;
  device: DeviceName;
  network: ChosenNetwork & Partial<ConvertedNetwork & StepNetwork>;
  flow: Flow;
  data: DataSet;
  /** Undefined if none are held out. */
  validation: DataSet | undefined;
  /** Undefined if the data set has no test examples. */
  test: DataSet | undefined;
  /** Notes about the data before training, one line each. */
  warnings: readonly string[];
  /** Step sizes to try before the first step; the run uses the best. */
  tryRates?: readonly number[];
}>;

/** What a trainer of the run takes in each process. */
export const optionsOf = (
  { flow, data, config }: Pick<TrainPlan, "flow" | "data" | "config">,
  executor: Executor,
): TrainOptions & Pick<Parameters<typeof initParams>[0], "data"> & ReturnType<typeof trainerOptions> => ({
  flow,
  executor,
  data: { examples: examplesOf(data), count: data.count },
  ...conditionOf(flow, data),
  ...trainerOptions(config),
});

/** `alone`: no other process needs the same plan, so that it may depend on the speed of this machine. */
export const planTraining = (
  flags: TrainFlags,
  { alone = true }: { alone?: boolean } = {},
): Promise<TrainPlan> =>
  flags.resume === undefined ? planNew(flags, alone) : planResume(flags, flags.resume);

async function planNew(flags: TrainFlags, alone: boolean): Promise<TrainPlan> {
  const { force = false } = flags;
  if (flags.epochs !== undefined && flags.steps !== undefined) {
    throw new UsageError("--epochs and --steps exclude each other\ngive one of them");
  }
  const isStep = flags.from !== undefined && holdsFunction(flags.from);
  checkFrom(flags, isStep);
  const recipe = flags.recipe === undefined ? undefined : recipeNamed(flags.recipe);
  const wanted = flags.network ?? recipe?.network ?? AUTO;
  const { name: presumed } = networkNamed(wanted); // reject a wrong name before reading anything
  if (flags.out !== undefined) {
    const { data, dataDir, network: file, from } = flags;
    const inputs = [data, dataDir, file, ...(from === undefined ? [] : inputsOfConverted(from))];
    expectPlaceOfRun(flags.out, flags, inputs);
  }
  await keepNamedInput([flags.data]);
  const name = flags.data ?? recipe?.data ?? dataOf(presumed) ?? "mnist";
  const reading = readingOf(flags);
  // what is built or rated for these data is judged on some that are held out
  const judged = flags.from !== undefined || isBuilt(presumed) || takesTables(presumed);
  const validation = flags.validation ?? (judged ? heldOutOf : 0);
  const usual = { table: flags.from === undefined && takesTables(presumed) };
  const loaded = await loadData({ name, dir: flags.dataDir, reading, usual }, { ...flags, validation });
  const step = isStep ? functionFor(flags.from as string, loaded.data, flags.normalize) : undefined;
  const { accuracy, ...images } = step ? await withOutputs(loaded, step) : { ...loaded, accuracy: undefined };
  const { data } = images;
  const sized =
    (flags.from === undefined || step) && wanted === AUTO && alone && !("rows" in data)
      ? autoForTime(data, await operationsPerSecond(flags.threads))
      : undefined;
  if (flags.from !== undefined && flags.condition)
    throw new UsageError("--condition and --from exclude each other\nleave one of them out");
  const chosen: Choices["network"] =
    flags.from === undefined || step
      ? (sized?.network ?? networkFor(wanted, data))
      : convertedNetwork(flags.from, data, flags.normalize);
  const network: Choices["network"] = step
    ? givenOutputs(chosen, step)
    : flags.condition
      ? withLabels(chosen, data)
      : chosen;
  const rates = recipe ?? {
    ...ratesOf(network.name, flags.density),
    ...(isBuilt(network.name) && autoSchedule(data)),
    ...(sized && { batchSize: sized.batch }),
  };
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
    warnings: [
      ...("rows" in data ? rowWarnings(data, network, network.pretrained !== undefined) : []),
      ...accuracyWarnings(accuracy),
    ],
    ...(network.pretrained && flags.lr === undefined && { tryRates: RATES }),
  };
}

/** What the native device computes in a second, or where it is missing what two slow cores do. */
async function operationsPerSecond(threads: number | undefined): Promise<number> {
  try {
    const executor = await openExecutor("native", { warn: () => {} }, { threads });
    try {
      return 1e9 * (await productRate(executor));
    } finally {
      await executor.dispose();
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return SLOW;
  }
}

const SLOW = 1e10;

/** Step sizes to try for a converted network, whose scales are unknown. */
const RATES = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5] as const;

/** Most held-out examples; otherwise a tenth of the training examples. */
const HELD_OUT = { part: 0.1, most: 1000 } as const;
const heldOutOf = (count: number): number => Math.min(HELD_OUT.most, Math.floor(HELD_OUT.part * count));

/** Kinds of layers that scale columns. */
const SCALING: readonly string[] = [
  "affine",
  "actnorm",
  "marginal",
  "flowMixture",
  "mixedRow",
] satisfies NetworkLayer["kind"][];

const scales = (layer: NetworkDescription["layers"][number]): boolean =>
  SCALING.includes(layer.kind) || (layer.kind === "whiten" && layer.scaled === true);

/** Notes about columns; none for a converted network, which takes columns as in its own training. */
function rowWarnings(rows: RowSet, { description }: ChosenNetwork, converted: boolean): string[] {
  const scaled = converted || (description?.layers.some(scales) ?? false);
  return [...(rows.notes ?? []), ...columnWarnings(rows, surveyColumns(rows), { scaled })];
}

/** Below this a classifier rather sees other numbers than it was trained on. */
const LEAST_RIGHT = 0.5;

const accuracyWarnings = (accuracy: Accuracy | undefined): string[] =>
  accuracy && accuracy.right < LEAST_RIGHT * accuracy.of
    ? [
        `the network is right on only ${((100 * accuracy.right) / accuracy.of).toFixed(0)} % of the training images: its training may have normalized pixels in another way (--normalize)`,
      ]
    : [];

/** @throws UsageError for flags that need --from or conflict with it */
function checkFrom({ from, network, recipe, normalize, free }: TrainFlags, isStep: boolean): void {
  if (isStep && free === true)
    throw new UsageError(
      "--free trains the layers of a network, this one is one step that stays as it is\nleave it out, or convert with --grain layer",
    );
  if (from !== undefined && !isStep && (network !== undefined || recipe !== undefined))
    throw new UsageError("--from sets the network\nleave --network and --recipe out");
  if (from === undefined && (normalize !== undefined || free === true))
    throw new UsageError(
      `${free === true ? "--free" : "--normalize"} is for a converted network\nname one with --from DIR`,
    );
}

async function planResume(flags: TrainFlags, folder: string): Promise<TrainPlan> {
  const { data: moved, ...others } = flags;
  expectUndecided(others, folder);
  const { device, ...before } = readRunConfig(folder);
  const config = moved === undefined ? before : { ...before, data: { ...before.data, name: moved } };
  return {
    ...(await planAsBefore(folder, { ...config, device }, flags.dataDir)),
    folder,
    resume: true,
    moved: moved !== undefined,
    config,
    device: flags.device ?? device,
  };
}

/** What the configuration of the run in `folder` decides, with its data read again. */
async function planAsBefore(folder: string, config: RunConfig, dataDir: string | undefined) {
  const { opaque } = config;
  const step = opaque && { opaque, original: runPaths(folder).original };
  const network = { ...networkOfRun(config, folder), ...step };
  const loaded = await loadDataAgain(config, dataDir, folder);
  const { accuracy: _, ...images } = step
    ? await withOutputs(loaded, step)
    : { ...loaded, accuracy: undefined };
  return { force: false, network, flow: flowOf(network, config.flow), ...images, warnings: [] };
}
