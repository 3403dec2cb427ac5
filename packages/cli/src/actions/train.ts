import { createTrainer, type Executor, FlowModel, type Monitor, type Trainer } from "@flowify/core";
import { latestCheckpoint, listCheckpoints } from "../checkpoint.js";
import type { TrainFlags } from "../commands/train.js";
import type { CliContext } from "../context.js";
import { firstImages } from "../data/image-set.js";
import { openExecutor } from "../executors.js";
import { type RunConfig, writeRunConfig } from "../run/config.js";
import { openRunFolder, type RunFolder } from "../run/folder.js";
import { trainingLoop } from "../run/loop.js";
import { openMetrics, rewindMetrics } from "../run/metrics.js";
import { sayLikelihood, writeLedger, writeReconstructions, writeSamples } from "../run/report.js";
import { formatCount } from "../ui/format.js";
import { watchInterrupts } from "../ui/interrupt.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { planTraining, type TrainPlan } from "./train-plan.js";

const SAMPLES = 150;
const ROW = 15;

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
    const executor = await openExecutor(plan.device, terminal);
    try {
      await trainIn(run, plan, executor, terminal, interrupt);
    } finally {
      await executor.dispose();
    }
    const status = interrupt.status();
    if (status !== undefined) this.process.exitCode = status;
  } finally {
    interrupt.stop();
    run.release();
  }
}

async function trainIn(
  run: RunFolder,
  plan: TrainPlan,
  executor: Executor,
  terminal: Terminal,
  interrupt: { status(): number | undefined },
): Promise<void> {
  const config: RunConfig = { ...plan.config, device: executor.name === "native" ? "native" : "wasm" };
  const trainer = await startTrainer(run, plan, config, executor, terminal);
  if (!plan.resume) await writeRunConfig(run.config, config);
  const { startMs, traceMs, compileMs } = trainer.timings;
  const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
  terminal.note(
    `ready: start values ${inSeconds(startMs)} s, trace ${inSeconds(traceMs)} s, compile ${inSeconds(compileMs)} s`,
  );
  const evaluate = plan.test && (() => measure(trainer, plan, executor));
  const metrics = openMetrics(run.metrics);
  let measured: Monitor | undefined;
  try {
    measured = await trainingLoop({ trainer, config, run, metrics, terminal, interrupt, evaluate });
  } finally {
    metrics.close();
  }
  if (trainer.taken < config.steps) {
    sayInterrupted(terminal, run, trainer.taken, config);
  } else {
    await report(run, plan, config, terminal, {
      trainer,
      executor,
      monitor: measured ?? (await evaluate?.()),
    });
  }
  await trainer.dispose();
}

/** The trainer at its start values, or where the newest checkpoint of the run left it. */
async function startTrainer(
  run: RunFolder,
  { resume, flow, data }: TrainPlan,
  config: RunConfig,
  executor: Executor,
  { note, warn }: Terminal,
): Promise<Trainer> {
  const { network, steps, batch, seed, training } = config;
  note(
    `${network} on ${config.data.name}: ${formatCount(data.count)} images, ${formatCount(steps)} steps of ${batch}, seed ${seed}, ${executor.name}; in ${run.folder}`,
  );
  const options = {
    flow,
    executor,
    data: { items: data.images, count: data.count },
    steps,
    batchSize: batch,
    seed,
    ...training,
  };
  // A run that was killed before its first checkpoint begins again; it computes the same.
  if (!resume || (await listCheckpoints(run.checkpoints)).length === 0) {
    rewindMetrics(run.metrics, 0, []);
    return createTrainer(options);
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

async function measure(
  trainer: Trainer,
  { flow, test, config }: TrainPlan,
  executor: Executor,
): Promise<Monitor> {
  const model = new FlowModel(flow, await trainer.params(), executor);
  try {
    return await model.monitor(test?.images ?? new Uint8Array(), { seed: config.seed });
  } finally {
    await model.dispose();
  }
}

function sayInterrupted(terminal: Terminal, { folder }: RunFolder, step: number, { steps }: RunConfig): void {
  if (!terminal.quiet) {
    terminal.say(`stopped after step ${step} of ${steps}; go on by flowify train --resume ${folder}`);
  }
  terminal.document({ run: folder, step, steps, finished: false });
}

async function report(
  run: RunFolder,
  { flow, data, test }: TrainPlan,
  { network, steps, seed }: RunConfig,
  terminal: Terminal,
  { trainer, executor, monitor }: { trainer: Trainer; executor: Executor; monitor: Monitor | undefined },
): Promise<void> {
  const model = new FlowModel(flow, await trainer.params(), executor);
  const images = test ?? data;
  const title = `${network} after ${formatCount(steps)} steps`;
  try {
    await writeSamples(model, run.samples, {
      title: `${title}: ${SAMPLES} samples`,
      shape: data.shape,
      count: SAMPLES,
      columns: ROW,
      seed,
      temperature: 1,
      mode: "sample",
    });
    await writeReconstructions(model, run.reconstructions, {
      title: `${title}: reconstructions of ${images.split} images`,
      images: firstImages(images, Math.min(ROW, images.count)),
      seed,
    });
    if (monitor)
      await writeLedger(run.ledger, `${title}: ${formatCount(monitor.items)} test images`, monitor);
  } finally {
    await model.dispose();
  }
  const { samples, reconstructions, ledger } = run;
  const pictures = [samples, reconstructions, ...(monitor ? [ledger] : [])];
  if (!terminal.quiet) {
    if (monitor) {
      sayLikelihood(terminal, monitor, "test");
      terminal.say();
    }
    terminal.say(`pictures: ${pictures.join(", ")}`);
    terminal.say(`measure it by flowify evaluate ${run.folder}, draw more by flowify sample ${run.folder}`);
  }
  terminal.document({
    run: run.folder,
    step: steps,
    steps,
    finished: true,
    ...(monitor && { split: "test", ...monitor }),
    pictures,
  });
}
