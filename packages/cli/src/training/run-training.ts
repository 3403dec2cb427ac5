import { copyFileSync, existsSync, rmSync } from "node:fs";
import {
  createTrainer,
  type Executor,
  encodeSafetensors,
  FlowModel,
  type Trainer,
  type TrainOptions,
} from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { beatenBy, type TrivialBaseline, trivialBaseline } from "../baselines/trivial.js";
import { describeImages, examplesOf } from "../data/image-set.js";
import { environment } from "../environment.js";
import { openExecutor } from "../executors.js";
import { writeFileAtomic } from "../files/atomic.js";
import type { Ranks } from "../ranks/ranks.js";
import type { RunConfig } from "../run-config.js";
import { writeRunConfig } from "../runs/config-file.js";
import { openRunFolder, type RunFolder } from "../runs/folder.js";
import { identityOf, ofRun } from "../runs/identity.js";
import { rewindMetrics } from "../runs/metrics.js";
import { figureOf } from "../runs/report.js";
import { latestCheckpoint, listCheckpoints, withCheckpoint } from "../runs/saved-checkpoints.js";
import type { TrainFlags } from "../settings.js";
import { countOf, formatCount } from "../ui/format.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress, formatDuration } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import type { Beside } from "./beside.js";
import { followTrainer, leadTrainer } from "./led-trainer.js";
import { trainingLoop } from "./loop.js";
import { StoppedEarly, watchPreparation } from "./preparation.js";
import type { RunInTraining } from "./run-log.js";
import type { RunEnd } from "./run-measures.js";
import { samplesOf, withModelOf } from "./run-pictures.js";
import { optionsOf, type TrainPlan } from "./train-plan.js";

type Optional<T> = { [K in keyof T]?: T[K] | undefined };

export type RunningOptions = Readonly<
  Optional<Pick<TrainFlags, "threads" | "workers" | "check">> & {
    terminal: Terminal;
    interrupt: Pick<Interrupt, "status">;
    /** The processes that train together, of which this is rank 0. */
    ranks?: Ranks | undefined;
    /** What another process computes in the meantime. */
    beside?: Pick<Beside, "starts" | "start" | "onInit" | "fitted"> | undefined;
  }
>;

/** How a run ended: after which step, unless it was stopped before its first, and what its end gave if it came there. */
export type Trained = Readonly<{
  step?: number;
  end?: RunEnd & { unchanged?: boolean; baseline?: TrivialBaseline };
}>;

/** Opens the folder of a run, trains, and closes it. */
export async function runTraining(plan: TrainPlan, options: RunningOptions): Promise<Trained> {
  const isNew = !existsSync(plan.folder);
  const run = await openRunFolder(plan.folder, plan);
  try {
    return await trainOn(run, plan, options);
  } catch (error) {
    if (error instanceof StoppedEarly) return {};
    throw error;
  } finally {
    run.release();
    if (isNew && !existsSync(run.config)) rmSync(run.folder, { recursive: true, force: true });
  }
}

/** Computes this rank's part of every batch, as rank 0 commands. It reads no checkpoint and writes nothing. */
export async function followTraining(
  plan: TrainPlan,
  { check = false, ...flags }: Pick<TrainFlags, "threads" | "workers" | "check">,
  ranks: Ranks,
  terminal: Terminal,
): Promise<void> {
  const { split } = splitOf(plan, { ...flags, ranks });
  const executor = await openExecutor(plan.device, terminal, split);
  try {
    await followTrainer({ ...optionsOf(plan, executor), check, share: ranks.share }, ranks.comm);
  } finally {
    await executor.dispose();
  }
}

/**
 * Threads and workers to compute with, and those of a run that goes on: other numbers add up in another order, so the run
 * keeps its own where no others are asked for. With another number of ranks its order is another one anyway.
 */
function splitOf(
  { resume, config: { environment } }: TrainPlan,
  { threads, workers, ranks }: Pick<RunningOptions, "threads" | "workers" | "ranks">,
) {
  const alike = resume && (environment?.ranks ?? 1) === (ranks?.size ?? 1);
  const before = alike ? environment : undefined;
  const split = { threads: threads ?? before?.threads ?? ranks?.cores, workers: workers ?? before?.workers };
  return { split, before };
}

/** Trains on the device of the plan. */
async function trainOn(run: RunFolder, plan: TrainPlan, options: RunningOptions): Promise<Trained> {
  const { terminal } = options;
  const { split, before } = splitOf(plan, options);
  for (const what of ["threads", "workers"] as const)
    if (before?.[what] !== undefined && split[what] !== before[what])
      terminal.note(
        `${split[what]} ${what}, before ${before[what]}: the last digits of the figures will differ`,
      );
  const executor = await openExecutor(plan.device, terminal, split);
  try {
    const parts = options.workers === undefined ? before?.parts : undefined;
    return await trainIn(run, plan, executor, { ...options, ...split }, parts);
  } finally {
    await executor.dispose();
  }
}

/** Fewest steps, and numbers of an example in all of them, of a run that begins by timing the numbers of parts that a batch can have. */
const TIMED = { steps: 500, numbers: 30_000 } as const;

async function trainIn(
  run: RunFolder,
  plan: TrainPlan,
  executor: Executor,
  { terminal, interrupt, threads, workers, check = false, ranks, beside }: RunningOptions,
  partsBefore: number | undefined,
): Promise<Trained> {
  const { resume, data, network, tryRates } = plan;
  const planned: RunConfig = { ...plan.config, device: executor.name as RunConfig["device"] };
  // a short run, or one of few columns, is over before it is known which number of parts is the fastest
  const { steps } = planned.training;
  const isLong = steps >= TIMED.steps && steps * sizeOf(data.shape) >= TIMED.numbers;
  const parts = partsBefore ?? workers ?? (isLong && !resume && !ranks ? "fastest" : undefined);
  const judged = plan.test ?? plan.validation;
  let found: ReturnType<typeof trivialBaseline> | undefined;
  const baselineOf = async () => {
    found ??= judged && trivialBaseline(data, judged, network.description, executor, planned.training.seed);
    return found;
  };
  const besides = beside && { ...beside, baselineOf };
  // several ranks stop together, after a step
  const preparation = watchPreparation(terminal, ranks ? { status: () => undefined } : interrupt);
  const { trainer: own, model } = await startTrainer(run, plan, terminal, besides, preparation, {
    ...optionsOf(plan, executor),
    check,
    ...(parts !== undefined && { parts }),
    ...(ranks && { share: ranks.share }),
  }).finally(() => preparation.end());
  const trainer = ranks ? await leadTrainer(own, ranks.comm) : own;
  const training = tryRates
    ? { ...planned.training, ...(await foundRate(tryRates, trainer, terminal)) }
    : planned.training;
  const here = environment({ threads, workers, parts: trainer.parts, ranks: ranks?.size ?? 1 });
  const decided = { ...planned, training };
  const { tensors = {} } = network;
  const begun = resume ? {} : { run: identityOf(decided, encodeSafetensors(tensors)), environment: here };
  const config = { ...decided, ...begun };
  if (!resume) {
    if (Object.keys(tensors).length > 0)
      await writeFileAtomic(run.weights, encodeSafetensors(tensors, ofRun(config)));
    if (network.original) copyFileSync(network.original, run.original);
  }
  if (!resume || plan.moved) await writeRunConfig(run.config, config);
  const of = { plan, config, run, trainer, executor, model, fittedAtStart: beside?.fitted };
  const functionStays = config.flow.frozen ? await functionOf(of) : undefined;
  noteTimings(trainer, training.steps, terminal);
  const end = await trainingLoop({ ...of, terminal, interrupt });
  const unchanged = end && (await functionStays?.());
  const step = trainer.taken;
  await trainer.dispose();
  if (!end) return { step };
  const { verdict, measured } = end;
  const last = measured.at(-1);
  const baseline = last && (await baselineOf());
  const beaten =
    baseline && "rows" in data
      ? beatenBy(baseline, figureOf(last.evaluation, last.images).value, {
          unit: unitOf(data.shape).name,
          rising: verdict.judgedStep > 0 && verdict.judgedStep === step,
        })
      : [];
  return {
    step,
    end: {
      ...end,
      verdict: {
        ...verdict,
        warnings: [...verdict.warnings, ...beaten],
        ...(beaten.length > 0 && { keepsFitted: false }),
      },
      ...(baseline && { baseline }),
      ...(unchanged !== undefined && { unchanged }),
    },
  };
}

/** The step size that does best from the start; a run that goes on has it from its configuration. */
async function foundRate(rates: readonly number[], trainer: Trainer, { note }: Pick<Terminal, "note">) {
  const found = await trainer.findRate(rates);
  note(`step size ${found}, the best of ${rates.join(", ")} in the first steps`);
  return { learningRate: found, orthogonalRate: found };
}

function noteTimings(
  { timings, parts, parameters, taken }: Trainer,
  steps: number,
  { note }: Pick<Terminal, "note">,
): void {
  const { startMs, traceMs, compileMs, stepMs } = timings;
  const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
  note(
    `ready: initial values ${inSeconds(startMs)} s, trace ${inSeconds(traceMs)} s, compile ${inSeconds(compileMs)} s${parts > 1 ? `; ${parts} parts of a batch side by side` : ""}`,
  );
  if (stepMs !== undefined)
    note(
      `${formatCount(parameters)} parameters, ${(stepMs / 1000).toFixed(2)} s a step: about ${formatDuration(stepMs * (steps - taken))} in all`,
    );
}

/** Images that the given function is looked at on, before and after. */
const LOOKED_AT = 64;

/** What the network computes now, to be compared with what it computes later: true where no bit differs. */
async function functionOf(
  of: Pick<RunInTraining, "plan" | "trainer" | "executor">,
): Promise<() => Promise<boolean>> {
  const { data } = of.plan;
  const examples = examplesOf(data);
  const some = examples.subarray(0, (examples.length / data.count) * Math.min(LOOKED_AT, data.count));
  const results = (): Promise<Float32Array> =>
    withModelOf(of, (model) => model.encode(some, { mode: "deterministic" }));
  const before = await results();
  return async () => (await results()).every((value, i) => Object.is(value, before[i]));
}

/** Seconds that the initial values of a layer take, about, for the digits of a recipe: those of others take 0.2. */
const START_SECONDS: { readonly [layer: string]: number } = {
  variationalDequantize: 6,
  marginal: 5,
  gaussianMixture: 4,
  whiten: 2,
  linear: 1,
  conv2d: 1,
  rqSpline: 0.5,
};

/** The percentage that is done after each layer. */
function startShares(layers: readonly string[]): number[] {
  const seconds = layers.map((name) => START_SECONDS[name] ?? 0.2);
  const sumOf = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0);
  return seconds.map((_, i) => Math.round((100 * sumOf(seconds.slice(0, i + 1))) / sumOf(seconds)));
}

/** The trainer at its initial values, or where the newest checkpoint of the run left it. */
async function startTrainer(
  run: RunFolder,
  { resume, data, validation, test, config }: TrainPlan,
  terminal: Terminal,
  beside: (NonNullable<RunningOptions["beside"]> & { baselineOf(): Promise<unknown> }) | undefined,
  { expectUnstopped, onCompile }: ReturnType<typeof watchPreparation>,
  options: TrainOptions,
): Promise<{ trainer: Trainer; model?: FlowModel }> {
  const { note, warn } = terminal;
  const { network, pictures } = config;
  const { steps, batchSize, seed, executor, flow } = options;
  note(
    `${network} on ${describeImages(data)}: ${countOf(steps, "step")} of ${batchSize}, seed ${seed}, ${executor.name}; in ${run.folder}`,
  );
  // A run that was killed before its first checkpoint begins again; it computes the same.
  if (!resume || (await listCheckpoints(run.checkpoints)).length === 0) {
    rewindMetrics(run.metrics, 0, []);
    const { layers } = flow.chain;
    const shares = startShares(layers.map(({ name }) => name));
    const progress = createProgress(terminal, { label: "initial values, %", total: 100 });
    const show: NonNullable<TrainOptions["onInit"]> = (layer, done) =>
      progress.update(shares[done - 1] ?? 100, `${layer}, ${done} of ${layers.length}`);
    const onInit: typeof show = (...at) => {
      expectUnstopped();
      show(...at);
    };
    beside?.onInit(show);
    let model: FlowModel | undefined;
    const start = async () => {
      if (!beside?.starts) return undefined;
      const judged = "rows" in data ? [validation, test] : [validation ?? test ?? data];
      model = await FlowModel.ahead(flow, executor, {
        ...(pictures !== "none" && { sample: samplesOf(data) }),
        evaluate: judged.flatMap((set) => set?.count ?? []),
      });
      if ("rows" in data) await beside.baselineOf();
      const bytes = await beside.start;
      expectUnstopped();
      return bytes && (await FlowModel.load(flow, bytes, executor)).params;
    };
    const trainer = await createTrainer({ ...options, onCompile, onInit, start });
    progress.finish();
    return { trainer, ...(model && { model }) };
  }
  const { checkpoint, path, skipped } = await latestCheckpoint(run.checkpoints, network, config.run);
  const { state, metrics } = checkpoint;
  for (const { message } of skipped) warn(`${message.split("\n")[0]}; using an older checkpoint`);
  const { dropped, missing } = rewindMetrics(run.metrics, state.step, metrics);
  if (missing) warn(`${run.metrics}: lines of steps before ${state.step} are missing`);
  const again = dropped > 0 ? `; ${dropped} later lines of metrics.jsonl will be written again` : "";
  note(`going on from step ${state.step}, ${path}${again}`);
  return { trainer: await withCheckpoint(path, () => createTrainer({ ...options, onCompile, state })) };
}
