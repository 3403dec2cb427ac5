import { DeviceError, NotFiniteError, type Trainer } from "@flowify/core";
import { latestCheckpoint } from "../checkpoint.js";
import type { RunConfig } from "../format/config.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { mayPass } from "./atomic.js";
import { checkpointWriter } from "./checkpoints.js";
import type { EpochEnd, EpochReporter, Measurement } from "./epoch-report.js";
import type { RunFolder } from "./folder.js";
import { type MetricsLog, type MetricsRecord, withoutTimes } from "./metrics.js";

/** How much of the old figure a step leaves in the one that is shown. */
const SMOOTHING = 0.9;

export type LoopOptions = Readonly<{
  trainer: Trainer;
  config: RunConfig;
  run: RunFolder;
  metrics: MetricsLog;
  terminal: Terminal;
  interrupt: Pick<Interrupt, "status">;
  reporter: EpochReporter;
}>;

/** What the end of a run has measured, and its newest pictures. */
export type RunEnd = Readonly<{ measured: readonly Measurement[]; pictures: readonly string[] }>;

/** Lets signals and timers in: the steps of an executor in this thread leave them no gap. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Steps to the end of the run, or until an interrupt. Every step is a line of the metrics; an epoch ends with
 * measurements, a line each, and pictures; a checkpoint follows the lines that it counts on and is written while the
 * next steps are taken. After a step that is not finite the run goes back to its newest checkpoint and takes shorter
 * steps for a while. Where the disk is full for a time, training goes on.
 *
 * @returns what the end of the run gave, if the run came there
 * @throws NotFiniteError, DeviceError that say which checkpoint is the last good one
 */
export async function trainingLoop(options: LoopOptions): Promise<RunEnd | undefined> {
  const { trainer, config, run, metrics, terminal, interrupt, reporter } = options;
  const { steps, batch, checkpointEvery, evaluateEvery, network } = config;
  const epochsAt = (step: number): number => Math.floor((step * batch) / config.data.items);
  const epochs = Math.max(1, Math.round((steps * batch) / config.data.items));
  const progress = createProgress(terminal, { label: "step", total: steps, done: trainer.taken });
  const newest = trainer.taken > 0 ? trainer.taken : undefined;
  const checkpoints = checkpointWriter({ run, metrics, network, newest, warn: progress.note });
  const began = performance.now();
  let shown: { loss: number; bpd: number } | undefined;
  let end: RunEnd | undefined;
  let ofThisStep: MetricsRecord[] = [];

  const save = async (): Promise<void> => {
    await checkpoints.write(await trainer.state(), ofThisStep);
  };
  const seconds = (): number => Math.round(performance.now() - began) / 1000;

  const log = (record: MetricsRecord): void => {
    metrics.append(record);
    ofThisStep.push(withoutTimes(record));
  };

  const stepOnce = async (): Promise<void> => {
    const before = performance.now();
    const { loss, bpd, gradNorm, lr } = await trainer.step();
    const took = Math.max(performance.now() - before, 1e-3); // a clock may stand still
    const imagesPerSecond = Math.round((batch / took) * 1000);
    const step = trainer.taken;
    const epoch = Math.min(epochsAt(step - 1) + 1, epochs);
    ofThisStep = [];
    log({ step, epoch, loss, bpd, gradNorm, lr, seconds: seconds(), imagesPerSecond });
    shown = smooth(shown, { loss, bpd });
    progress.update(
      step,
      `epoch ${epoch}/${epochs}  loss ${shown.loss.toFixed(1)}  bpd ${shown.bpd.toFixed(3)}  ${formatCount(imagesPerSecond)} images/s`,
    );
    const ended = epochsAt(step) > epochsAt(step - 1) && epochsAt(step) % evaluateEvery === 0;
    if (ended || step === steps)
      end = await report({ step, epoch, last: step === steps }, ended ? `epoch ${epoch}` : `step ${step}`);
    if (ended || step % checkpointEvery === 0 || step === steps) await save();
  };

  const report = async (at: EpochEnd, when: string): Promise<RunEnd> => {
    const measured = await reporter.measure(at);
    for (const { images, monitor } of measured) {
      const { bpd, stdErr } = monitor;
      const ledger = Object.fromEntries(monitor.ledger.map((line) => [line.layer, line.bpd]));
      log({ step: at.step, epoch: at.epoch, split: images.split, bpd, stdErr, ledger, seconds: seconds() });
      progress.note(`${when}: ${formatBpd(bpd, stdErr)} bits per dimension on the ${images.split} images`);
    }
    return { measured, pictures: await draw(at, measured) };
  };

  const draw = async (at: EpochEnd, measured: readonly Measurement[]): Promise<string[]> => {
    try {
      return await reporter.draw(at, measured);
    } catch (error) {
      if (!mayPass(error)) throw error;
      progress.note(`the pictures of epoch ${at.epoch} could not be written: ${(error as Error).message}`);
      return [];
    }
  };

  const goBack = async (failure: NotFiniteError): Promise<void> => {
    await checkpoints.written();
    const { checkpoint } = await latestCheckpoint(run.checkpoints, network);
    const rollbacks = await trainer.rollBack(checkpoint.state, failure);
    const { step } = checkpoint.state;
    metrics.rewind(step, checkpoint.metrics);
    // those to the same checkpoint before have gone with the lines that came after it
    for (const { failed, layer, to, until } of rollbacks)
      if (to === step) metrics.append({ step, failed, layer, until });
    const { until = 0 } = rollbacks.at(-1) ?? {};
    progress.note(
      `step ${failure.step}: ${failure.layer} is not finite; back to step ${step}, a tenth of the step size until step ${until}`,
    );
    shown = undefined;
  };

  try {
    if (trainer.taken === 0) await save();
    while (trainer.taken < steps && interrupt.status() === undefined) {
      checkpoints.check();
      try {
        await stepOnce();
      } catch (error) {
        if (!(error instanceof NotFiniteError)) throw error;
        await goBack(error);
      }
      await breathe();
    }
    await checkpoints.end(trainer.taken, save, { finished: trainer.taken >= steps });
  } catch (error) {
    await checkpoints.written();
    if (error instanceof NotFiniteError) throw withRemedy(error, checkpoints.newest(), config, run.folder);
    if (error instanceof DeviceError) throw withCheckpoint(error, checkpoints.newest(), run.folder);
    throw error;
  } finally {
    progress.finish();
  }
  if (trainer.taken < steps) return undefined;
  if (end) return end;
  // A run that had come to its end before: nothing is logged again.
  const at = { step: steps, epoch: epochs, last: true };
  const measured = await reporter.measure(at);
  return { measured, pictures: await draw(at, measured) };
}

/** The figures of the line of progress: loss and bits per dimension of the same steps, so that they agree. */
function smooth(
  before: { loss: number; bpd: number } | undefined,
  { loss, bpd }: { loss: number; bpd: number },
): { loss: number; bpd: number } {
  if (before === undefined) return { loss, bpd };
  const mix = (old: number, fresh: number): number => SMOOTHING * old + (1 - SMOOTHING) * fresh;
  return { loss: mix(before.loss, loss), bpd: mix(before.bpd, bpd) };
}

function withRemedy(
  error: NotFiniteError,
  saved: number | undefined,
  config: RunConfig,
  folder: string,
): Error {
  const kept =
    saved === undefined
      ? "there is no checkpoint"
      : `the last good checkpoint, of step ${saved}, is kept in ${folder}`;
  const remedy = `try again with a step size below --lr ${config.training.learningRate}, and with --force or another --out`;
  return new NotFiniteError(error.step, error.layer, `${error.message}\n${kept}\n${remedy}`, {
    cause: error,
  });
}

/** The state of a step is lost with its device, or half changed. */
const withCheckpoint = (error: DeviceError, saved: number | undefined, folder: string): Error => {
  const kept = saved === undefined ? "" : `\nthe last checkpoint, of step ${saved}, is kept in ${folder}`;
  const remedy = `go on by flowify train --resume ${folder} --device native, or with --fallback`;
  return new DeviceError(`${error.message}${kept}\n${remedy}`, { cause: error });
};
