import type { NotFiniteError, Trainer } from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import type { DataSet } from "../data/image-set.js";
import { mayPass } from "../files/atomic.js";
import { PictureError } from "../pictures/render.js";
import type { RunConfig } from "../run-config.js";
import type { RunFolder } from "../runs/folder.js";
import type { MetricsLog } from "../runs/metrics.js";
import { latestCheckpoint } from "../runs/saved-checkpoints.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { checkpointWriter } from "./checkpoint-writer.js";
import type { EpochReporter } from "./epoch-report.js";
import { withWayOn } from "./run-errors.js";
import { epochsOf, runLog } from "./run-log.js";
import { type RunEnd, runMeasures } from "./run-measures.js";

/** Pictures of samples within an epoch, or within a run that is shorter, and least steps between them. */
const LOOKS = 5;
const LEAST_BETWEEN_LOOKS = 50;

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
  const { trainer, config, run, metrics, terminal, interrupt, validation, reporter } = options;
  const { checkpointEvery, evaluateEvery, network } = config;
  const { steps } = config.training;
  const validateEvery = validation && config.validateEvery;
  const epochs = epochsOf(config);
  const lookEvery = Math.max(LEAST_BETWEEN_LOOKS, Math.ceil(Math.min(steps, steps / epochs.all) / LOOKS));
  const progress = createProgress(terminal, { label: "step", total: steps, done: trainer.taken });
  const newest = trainer.taken > 0 ? trainer.taken : undefined;
  const checkpoints = checkpointWriter({ run, metrics, network, newest, warn: progress.note });
  const log = runLog(config, metrics, progress);
  const measures = runMeasures({ ...options, log, checkpoints, note: progress.note });
  let end: RunEnd | undefined;

  const save = async (): Promise<void> => checkpoints.write(await trainer.state(), log.ofThisStep());

  const begin = async (): Promise<void> => {
    if (trainer.taken > 0 || measures.bestStep() !== undefined) return;
    if (validateEvery !== undefined) await measures.validate({ step: 0, epoch: 0 });
    await save();
  };

  /** Measures and saves what is due after a step. */
  const afterStep = async (step: number): Promise<void> => {
    const last = step === steps;
    const complete = epochs.at(step) > epochs.at(step - 1);
    const ended = complete && epochs.at(step) % evaluateEvery === 0;
    const at = { step, epoch: Math.min(epochs.at(step - 1) + 1, epochs.all), last };
    const validated =
      validateEvery !== undefined && (ended || last || step % validateEvery === 0)
        ? [await measures.validate(at)]
        : [];
    const better = measures.bestStep() === step;
    // the best state has to be on the disk before the end of the run is measured with it
    if (better && !last) await save();
    if (ended || last) end = await measures.report(at, validated);
    if ((!better && ended) || step % checkpointEvery === 0 || last) await save();
    if (!ended && !last && step % lookEvery === 0) await look();
  };

  /** Draws what the run has learned so far; a picture is worth no run. */
  const look = async (): Promise<void> => {
    try {
      const picture = await reporter.look(trainer.taken);
      if (picture !== undefined) log.picture(picture);
    } catch (error) {
      if (!mayPass(error) && !(error instanceof PictureError)) throw error;
      progress.note(`the samples of step ${trainer.taken} could not be drawn: ${(error as Error).message}`);
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
    log.forget();
    await measures.readBest();
  };

  try {
    await measures.readBest();
    await begin();
    await runSteps({
      trainer: () => trainer,
      until: steps,
      stopped() {
        if (interrupt.status() !== undefined) return true;
        checkpoints.check();
        return false;
      },
      async onStep(report, milliseconds) {
        log.step(report, milliseconds);
        await afterStep(trainer.taken);
      },
      recover: goBack,
      pauseMs: 0, // a signal is noticed after the step in which it comes
    });
    await checkpoints.end(trainer.taken, save, { finished: trainer.taken >= steps });
    if (trainer.taken < steps && trainer.taken > 0) await look();
  } catch (error) {
    await checkpoints.written();
    throw withWayOn(error, checkpoints.newest(), config, run.folder);
  } finally {
    progress.finish();
  }
  if (trainer.taken < steps) return undefined;
  return end ?? measures.reportAgain();
}
