import { copyFileSync, existsSync } from "node:fs";
import {
  createTrainer,
  DeviceError,
  type Executor,
  encodeSafetensors,
  FlowModel,
  type Trainer,
} from "@flowify/core";
import { latestCheckpoint, listCheckpoints } from "../checkpoint.js";
import type { DeviceName } from "../commands/shared.js";
import type { TrainFlags } from "../commands/train.js";
import type { CliContext } from "../context.js";
import { describeImages } from "../data/image-set.js";
import { fallbackOf, openExecutor } from "../executors.js";
import { writeFileAtomic } from "../run/atomic.js";
import { type RunConfig, writeRunConfig } from "../run/config.js";
import { epochReporter } from "../run/epoch-report.js";
import { openRunFolder, type RunFolder } from "../run/folder.js";
import { type RunEnd, trainingLoop } from "../run/loop.js";
import { openMetrics, rewindMetrics } from "../run/metrics.js";
import { imagesDocument, sayLikelihood } from "../run/report.js";
import { formatCount } from "../ui/format.js";
import { watchInterrupts } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { planTraining, type TrainPlan } from "./train-plan.js";

export async function train(this: CliContext, flags: TrainFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  const plan = await planTraining(flags);
  const run = await openRunFolder(plan.folder, plan);
  const interrupt = watchInterrupts(
    this.host,
    () => terminal.note("\nending after this step; once more to end at once"),
    this.host.exit.bind(this.host),
  );
  try {
    await trainOn(plan.device, run, plan, flags, terminal, interrupt);
    const status = interrupt.status();
    if (status !== undefined) this.process.exitCode = status;
  } finally {
    interrupt.stop();
    run.release();
  }
}

/** Trains on a device; with `--fallback`, on the next one from the last checkpoint where it breaks. */
async function trainOn(
  device: DeviceName,
  run: RunFolder,
  plan: TrainPlan,
  flags: TrainFlags,
  terminal: Terminal,
  interrupt: { status(): number | undefined },
): Promise<void> {
  try {
    const executor = await openExecutor(device, terminal, flags);
    try {
      await trainIn(run, plan, executor, terminal, interrupt);
    } finally {
      await executor.dispose();
    }
  } catch (error) {
    const next = flags.fallback === true && error instanceof DeviceError ? fallbackOf(device) : undefined;
    if (next === undefined) throw error;
    terminal.warn(`${(error as Error).message.split("\n")[0]}; going on without ${device}`);
    const resume = plan.resume || existsSync(run.config);
    await trainOn(next, run, { ...plan, resume }, flags, terminal, interrupt);
  }
}

async function trainIn(
  run: RunFolder,
  plan: TrainPlan,
  executor: Executor,
  terminal: Terminal,
  interrupt: { status(): number | undefined },
): Promise<void> {
  const config: RunConfig = { ...plan.config, device: executor.name as RunConfig["device"] };
  const trainer = await startTrainer(run, plan, config, executor, terminal);
  if (!plan.resume) {
    if (plan.network.tensors) await writeFileAtomic(run.weights, encodeSafetensors(plan.network.tensors));
    if (plan.network.original) copyFileSync(plan.network.original, run.original);
    await writeRunConfig(run.config, config);
  }
  const functionStays = config.flow.frozen ? await functionOf(plan, trainer, executor) : undefined;
  const { startMs, traceMs, compileMs } = trainer.timings;
  const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
  terminal.note(
    `ready: start values ${inSeconds(startMs)} s, trace ${inSeconds(traceMs)} s, compile ${inSeconds(compileMs)} s`,
  );
  const reporter = epochReporter({ flow: plan.flow, trainer, executor, run, config, images: plan });
  const metrics = openMetrics(run.metrics);
  let end: RunEnd | undefined;
  try {
    end = await trainingLoop({ trainer, config, run, metrics, terminal, interrupt, reporter });
  } finally {
    metrics.close();
  }
  const unchanged = end && (await functionStays?.());
  if (end) sayEnd(terminal, run, plan, config, { ...end, ...(unchanged !== undefined && { unchanged }) });
  else sayInterrupted(terminal, run, trainer.taken, config);
  await trainer.dispose();
}

/** Images that the given function is looked at on, before and after. */
const LOOKED_AT = 64;

/** What the network computes now, to be compared with what it computes later: true where no bit differs. */
async function functionOf(
  { flow, data }: TrainPlan,
  trainer: Trainer,
  executor: Executor,
): Promise<() => Promise<boolean>> {
  const count = Math.min(LOOKED_AT, data.count);
  const images = data.images.subarray(0, (data.images.length / data.count) * count);
  const results = async (): Promise<Float32Array> => {
    const model = new FlowModel(flow, await trainer.params(), executor);
    try {
      return await model.encode(images, { mode: "mean" });
    } finally {
      await model.dispose();
    }
  };
  const before = await results();
  return async () => (await results()).every((value, i) => Object.is(value, before[i]));
}

/** The trainer at its start values, or where the newest checkpoint of the run left it. */
async function startTrainer(
  run: RunFolder,
  { resume, flow, data }: TrainPlan,
  config: RunConfig,
  executor: Executor,
  terminal: Terminal,
): Promise<Trainer> {
  const { note, warn } = terminal;
  const { network, steps, batch, seed, training } = config;
  note(
    `${network} on ${describeImages(data)}: ${formatCount(steps)} steps of ${batch}, seed ${seed}, ${executor.name}; in ${run.folder}`,
  );
  const options = {
    flow,
    executor,
    data: { items: data.images, count: data.count },
    steps,
    batchSize: batch,
    seed,
    ...training,
    clip: training.clip ?? Number.POSITIVE_INFINITY,
  };
  // A run that was killed before its first checkpoint begins again; it computes the same.
  if (!resume || (await listCheckpoints(run.checkpoints)).length === 0) {
    rewindMetrics(run.metrics, 0, []);
    const progress = createProgress(terminal, { label: "start", total: options.flow.chain.layers.length });
    const trainer = await createTrainer({
      ...options,
      onStart: (layer, done) => progress.update(done, layer),
    });
    progress.finish();
    return trainer;
  }
  const { checkpoint, path, skipped } = await latestCheckpoint(run.checkpoints, network);
  const { state, metrics } = checkpoint;
  for (const { error } of skipped) warn(`${error.message.split("\n")[0]}; using an older checkpoint`);
  const { dropped, missing } = rewindMetrics(run.metrics, state.step, metrics);
  if (missing) warn(`${run.metrics}: lines of steps before ${state.step} are missing`);
  const again = dropped > 0 ? `; ${dropped} later lines of metrics.jsonl will be written again` : "";
  note(`going on from step ${state.step}, ${path}${again}`);
  return createTrainer({ ...options, state });
}

function sayInterrupted(terminal: Terminal, { folder }: RunFolder, step: number, { steps }: RunConfig): void {
  if (!terminal.quiet) {
    terminal.say(`stopped after step ${step} of ${steps}; go on by flowify train --resume ${folder}`);
  }
  terminal.document({ run: folder, step, steps, finished: false });
}

function sayEnd(
  terminal: Terminal,
  run: RunFolder,
  { data, validation }: TrainPlan,
  { steps }: RunConfig,
  { measured, pictures, unchanged }: RunEnd & { unchanged?: boolean },
): void {
  const result = measured.at(-1);
  const held = measured.find(({ images }) => images.split === "validation" && images !== result?.images);
  if (!terminal.quiet) {
    if (result) {
      sayLikelihood(terminal, result.monitor, result.images);
      terminal.say();
    }
    const kept = validation ? `, ${describeImages(validation, { files: false })} held out` : "";
    terminal.say(`trained on ${describeImages(data)}${kept}`);
    if (unchanged === true) terminal.say("the given function is unchanged, bit for bit");
    if (pictures.length > 0) terminal.say(`pictures: ${pictures.join(", ")}`);
    terminal.say(`measure it by flowify evaluate ${run.folder}, draw more by flowify sample ${run.folder}`);
  }
  terminal.document({
    run: run.folder,
    step: steps,
    steps,
    finished: true,
    ...(result && { ...imagesDocument(result.images), ...result.monitor }),
    ...(held && { validation: { ...imagesDocument(held.images), ...held.monitor } }),
    train: { ...imagesDocument(data), items: data.count },
    pictures,
    ...(unchanged !== undefined && { unchanged }),
  });
  if (unchanged === false)
    terminal.warn("training changed the given function, which it must not: this is a bug of flowify");
}
