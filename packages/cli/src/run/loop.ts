import { type Monitor, NotFiniteError, type Trainer } from "@flowify/core";
import { pruneCheckpoints, writeCheckpoint } from "../checkpoint.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import type { RunConfig } from "./config.js";
import type { RunFolder } from "./folder.js";
import { type MetricsLog, type MetricsRecord, withoutTimes } from "./metrics.js";

/** Checkpoints that are kept. */
const KEEP = 3;

/** How much of the old figure a step leaves in the one that is shown. */
const SMOOTHING = 0.9;

export type LoopOptions = Readonly<{
  trainer: Trainer;
  config: RunConfig;
  run: RunFolder;
  metrics: MetricsLog;
  terminal: Terminal;
  interrupt: Pick<Interrupt, "status">;
  /** Measures the parameters of this moment on the test images; undefined where there are none. */
  evaluate: (() => Promise<Monitor>) | undefined;
}>;

/** Lets signals and timers in: the steps of an executor in this thread leave them no gap. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Steps to the end of the run, or until an interrupt. Every step is a line of the metrics; an epoch
 * ends with a measurement on the test images; a checkpoint follows the lines that it counts on.
 *
 * @returns the last measurement, if the run came to its end
 * @throws NotFiniteError that says which checkpoint is the last good one
 */
export async function trainingLoop(options: LoopOptions): Promise<Monitor | undefined> {
  const { trainer, config, run, metrics, terminal, interrupt, evaluate } = options;
  const { steps, batch, checkpointEvery, network } = config;
  const epochsAt = (step: number): number => Math.floor((step * batch) / config.data.items);
  const epochs = Math.max(1, Math.round((steps * batch) / config.data.items));
  const progress = createProgress(terminal, { label: "step", total: steps, done: trainer.taken });
  const began = performance.now();
  let shown: number | undefined;
  let saved: number | undefined = trainer.taken > 0 ? trainer.taken : undefined;
  let measured: Monitor | undefined;
  let ofThisStep: MetricsRecord[] = [];

  const save = async (): Promise<void> => {
    metrics.sync();
    await writeCheckpoint(run.checkpoints, { network, state: await trainer.state(), metrics: ofThisStep });
    await pruneCheckpoints(run.checkpoints, KEEP);
    saved = trainer.taken;
  };
  const seconds = (): number => Math.round(performance.now() - began) / 1000;

  const log = (record: MetricsRecord): void => {
    metrics.append(record);
    ofThisStep.push(withoutTimes(record));
  };

  const stepOnce = async (): Promise<void> => {
    const before = performance.now();
    const { loss, bpd, gradNorm, lr } = await trainer.step();
    const imagesPerSecond = Math.round((batch / (performance.now() - before)) * 1000);
    const step = trainer.taken;
    const epoch = Math.min(epochsAt(step - 1) + 1, epochs);
    ofThisStep = [];
    log({ step, epoch, loss, bpd, gradNorm, lr, seconds: seconds(), imagesPerSecond });
    shown = shown === undefined ? bpd : SMOOTHING * shown + (1 - SMOOTHING) * bpd;
    progress.update(
      step,
      `epoch ${epoch}/${epochs}  loss ${loss.toFixed(1)}  bpd ${shown.toFixed(3)}  ${formatCount(imagesPerSecond)} images/s`,
    );
    if (evaluate && (epochsAt(step) > epochsAt(step - 1) || step === steps)) {
      measured = await evaluate();
      const { bpd: testBpd, stdErr } = measured;
      log({ step, epoch, split: "test", bpd: testBpd, stdErr, seconds: seconds() });
      progress.note(`epoch ${epoch}: ${formatBpd(testBpd, stdErr)} bits per dimension on the test images`);
    }
    if (step % checkpointEvery === 0 || step === steps) await save();
  };

  try {
    while (trainer.taken < steps && interrupt.status() === undefined) {
      await stepOnce();
      await breathe();
    }
    if (saved !== trainer.taken) await save();
  } catch (error) {
    throw error instanceof NotFiniteError ? withRemedy(error, saved, config, run.folder) : error;
  } finally {
    progress.finish();
  }
  return trainer.taken === steps ? measured : undefined;
}

function withRemedy(
  error: NotFiniteError,
  saved: number | undefined,
  config: RunConfig,
  folder: string,
): Error {
  const kept =
    saved === undefined
      ? "there is no checkpoint yet"
      : `the last good checkpoint, of step ${saved}, is kept in ${folder}`;
  const remedy = `try again with a step size below --lr ${config.training.learningRate}`;
  return new NotFiniteError(error.step, error.layer, `${error.message}\n${kept}\n${remedy}`, {
    cause: error,
  });
}
