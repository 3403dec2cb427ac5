import { DeviceError, NotFiniteError, type Trainer } from "@flowify/core";
import { bestCheckpoint, latestCheckpoint, type MeasuredCheckpoint, readCheckpoint } from "../checkpoint.js";
import { type DataSet, nounOf } from "../data/image-set.js";
import type { RunConfig } from "../format/config.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import { mayPass } from "./atomic.js";
import { checkpointWriter } from "./checkpoints.js";
import type { EpochEnd, EpochReporter, Measurement, StateToLookAt } from "./epoch-report.js";
import type { RunFolder } from "./folder.js";
import { type MetricsLog, type MetricsRecord, readMetrics, withoutTimes } from "./metrics.js";
import { figureOf } from "./report.js";
import { type Verdict, verdictOf } from "./verdict.js";

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
  /** What the run is measured on, where there is some. */
  validation: DataSet | undefined;
  test: DataSet | undefined;
  /** The figure of a uniform distribution. */
  uniform: number;
}>;

/** What the end of a run has measured, its newest pictures, and what it is worth. */
export type RunEnd = Readonly<{
  measured: readonly Measurement[];
  pictures: readonly string[];
  verdict: Verdict;
}>;

/** Lets signals and timers in: the steps of an executor in this thread leave them no gap. */
const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Steps to the end of the run, or until an interrupt. Every step is a line of the metrics; an epoch ends with
 * measurements, a line each, and pictures; a checkpoint follows the lines that it counts on and is written while the
 * next steps are taken. With held-out examples the start and every `validateEvery` steps are measured on them, each state that
 * is better than all before is kept as a checkpoint, and the end of the run is that of the best. After a step that is not finite the run goes back to its newest checkpoint and takes shorter
 * steps for a while. Where the disk is full for a time, training goes on.
 *
 * @returns what the end of the run gave, if the run came there
 * @throws NotFiniteError, DeviceError that say which checkpoint is the last good one
 */
export async function trainingLoop(options: LoopOptions): Promise<RunEnd | undefined> {
  const { trainer, config, run, metrics, terminal, interrupt, reporter, validation, test, uniform } = options;
  const { steps, batch, checkpointEvery, evaluateEvery, network } = config;
  const epochsAt = (step: number): number => Math.floor((step * batch) / config.data.examples);
  const epochs = Math.max(1, Math.round((steps * batch) / config.data.examples));
  const progress = createProgress(terminal, { label: "step", total: steps, done: trainer.taken });
  const newest = trainer.taken > 0 ? trainer.taken : undefined;
  const checkpoints = checkpointWriter({ run, metrics, network, newest, warn: progress.note });
  const began = performance.now();
  const unit = unitOf(config.data.shape);
  const noun = nounOf(config.data);
  const validateEvery = validation && config.validateEvery;
  let best: Pick<MeasuredCheckpoint, "step" | "figure"> | undefined =
    validateEvery === undefined ? undefined : await bestCheckpoint(run.checkpoints);
  let shown: { loss: number; figure: number } | undefined;
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
    const figure = unit.of({ nats: -loss, bpd });
    const imagesPerSecond = Math.round((batch / took) * 1000);
    const step = trainer.taken;
    const epoch = Math.min(epochsAt(step - 1) + 1, epochs);
    ofThisStep = [];
    log({ step, epoch, loss, [unit.field]: figure, gradNorm, lr, seconds: seconds(), imagesPerSecond });
    shown = smooth(shown, { loss, figure });
    progress.update(
      step,
      `epoch ${epoch}/${epochs}  loss ${shown.loss.toFixed(1)}  ${unit.field} ${shown.figure.toFixed(3)}  ${formatCount(imagesPerSecond)} ${noun}/s`,
    );
    const ended = epochsAt(step) > epochsAt(step - 1) && epochsAt(step) % evaluateEvery === 0;
    const at = { step, epoch, last: step === steps };
    const validated =
      validateEvery !== undefined && (ended || at.last || step % validateEvery === 0)
        ? [await validate(at)]
        : [];
    const better = best?.step === step;
    // the best state has to be on the disk before the end of the run is measured with it
    if (better && !at.last) await save();
    if (ended || at.last) end = await report(at, validated);
    if ((!better && ended) || step % checkpointEvery === 0 || at.last) await save();
  };

  /** The state of this moment on the held-out examples; the best one is remembered. */
  const validate = async (at: Pick<EpochEnd, "step" | "epoch">): Promise<Measurement> => {
    const measurement = await reporter.measure(validation as DataSet);
    const { value } = figureOf(measurement.evaluation, measurement.images);
    if (best === undefined || value <= best.figure) best = { step: at.step, figure: value };
    logMeasured(at, measurement);
    return measurement;
  };

  const logMeasured = (
    { step, epoch }: Pick<EpochEnd, "step" | "epoch">,
    { images, evaluation }: Measurement,
    of?: number,
  ): void => {
    const { value, stdErr } = figureOf(evaluation, images);
    const ledger = Object.fromEntries(evaluation.ledger.map((line) => [line.layer, unit.of(line)]));
    log({
      step,
      epoch,
      split: images.split,
      [unit.field]: value,
      stdErr,
      ledger,
      ...(of !== undefined && { stateOf: of }),
      seconds: seconds(),
    });
    const state = of === undefined ? "" : `, the state of step ${of}`;
    const ended = epochsAt(step) > epochsAt(step - 1);
    const when = step === 0 ? "start" : ended ? `epoch ${epoch}` : `step ${step}`;
    progress.note(`${when}: ${formatBpd(value, stdErr)} ${unit.name} on the ${images.split} ${noun}${state}`);
  };

  /** The best state, where it is another one than that of this moment. */
  const bestBefore = async (): Promise<{ step: number; state: NonNullable<StateToLookAt> } | undefined> => {
    if (best === undefined || best.step === trainer.taken) return undefined;
    await checkpoints.written();
    const kept = await bestCheckpoint(run.checkpoints);
    if (kept === undefined) return undefined;
    const { state } = await readCheckpoint(kept.path, network);
    return { step: kept.step, state };
  };

  /** What the end of an epoch, or of the run, is to have; `validated`: what has been measured already. */
  const report = async (at: EpochEnd, validated: readonly Measurement[]): Promise<RunEnd> => {
    const judged = at.last ? await bestBefore() : undefined;
    const measured = [...validated];
    for (const set of setsToMeasure(at, validated)) {
      const measurement = await reporter.measure(set, judged?.state);
      logMeasured(at, measurement, judged?.step);
      measured.push(measurement);
    }
    return endWith(at, measured, judged);
  };

  const setsToMeasure = ({ last }: Pick<EpochEnd, "last">, validated: readonly Measurement[]): DataSet[] => {
    const wanted = last ? [validation, test] : [validation ?? test];
    return wanted.flatMap((set) => (set && !validated.some(({ images }) => images === set) ? [set] : []));
  };

  const endWith = async (
    at: EpochEnd,
    measured: readonly Measurement[],
    judged: Awaited<ReturnType<typeof bestBefore>>,
  ): Promise<RunEnd> => {
    const last = measured.at(-1);
    const verdict = verdictOf({
      config,
      records: readMetrics(run.metrics),
      judgedStep: judged?.step ?? at.step,
      figure: last && figureOf(last.evaluation, last.images).value,
      uniform,
    });
    return {
      measured,
      pictures: await draw(judged ? { ...at, stateOf: judged.step } : at, measured, judged?.state),
      verdict,
    };
  };

  const draw = async (
    at: EpochEnd,
    measured: readonly Measurement[],
    state: StateToLookAt,
  ): Promise<string[]> => {
    try {
      return await reporter.draw(at, measured, state);
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
    if (validateEvery !== undefined) best = await bestCheckpoint(run.checkpoints);
  };

  try {
    if (trainer.taken === 0 && best === undefined) {
      if (validateEvery !== undefined) await validate({ step: 0, epoch: 0 });
      await save();
    }
    while (trainer.taken < steps && interrupt.status() === undefined) {
      checkpoints.check();
      try {
        await stepOnce();
      } catch (error) {
        if (!(error instanceof NotFiniteError)) throw error;
        await goBack(error);
      }
      await yieldToEvents();
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
  const judged = await bestBefore();
  const measured: Measurement[] = [];
  for (const set of setsToMeasure(at, [])) measured.push(await reporter.measure(set, judged?.state));
  return endWith(at, measured, judged);
}

/** The figures of the line of progress: loss and figure of the same steps, so that they agree. */
function smooth(
  before: { loss: number; figure: number } | undefined,
  { loss, figure }: { loss: number; figure: number },
): { loss: number; figure: number } {
  if (before === undefined) return { loss, figure };
  const mix = (old: number, fresh: number): number => SMOOTHING * old + (1 - SMOOTHING) * fresh;
  return { loss: mix(before.loss, loss), figure: mix(before.figure, figure) };
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
