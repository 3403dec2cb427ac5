import type { NotFiniteError } from "@flowify/core";
import { type Hook, runSteps } from "@flowify/core/internal";
import { openMetrics } from "../runs/metrics.js";
import { latestCheckpoint } from "../runs/saved-checkpoints.js";
import type { Interrupt } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { checkpointWriter } from "./checkpoint-writer.js";
import { withWayOn } from "./run-errors.js";
import { momentsOf, type RunInTraining, runLog } from "./run-log.js";
import { type RunEnd, runMeasures } from "./run-measures.js";
import { runPictures } from "./run-pictures.js";

/** Pictures of samples within an epoch, or within a run that is shorter; the step of the first, and least steps between others. */
const LOOKS = 4;
const FIRST_LOOK = 15;
const LEAST_BETWEEN = 50;

export type LoopOptions = Omit<RunInTraining, "metrics" | "note" | "watch"> &
  Readonly<{ terminal: Terminal; interrupt: Pick<Interrupt, "status"> }>;

/**
 * Steps to the end of the run, or until an interrupt. Every step is a line of the metrics; an epoch ends with
 * measurements, a line each, and pictures; a checkpoint follows the lines that it counts on and is written while the
 * next steps are taken. With held-out examples the start and every `validateEvery` steps are measured on them, each state that
 * is better than all before is kept as a checkpoint, and the end of the run is that of the best. With `patience` the run
 * ends so many measurements after the best. After a step that is not finite the run goes back to its newest checkpoint and takes shorter
 * steps for a while. Where the disk is full for a time, training goes on.
 *
 * @returns what the end of the run gave, if the run came there
 * @throws NotFiniteError, DeviceError that say which checkpoint is the last good one
 */
export async function trainingLoop({
  terminal,
  interrupt,
  ...options
}: LoopOptions): Promise<RunEnd | undefined> {
  const { trainer, config, run } = options;
  const { steps } = config.training;
  const { epochs, momentOf } = momentsOf(config);
  const progress = createProgress(terminal, { label: "step", total: steps, done: trainer.taken });
  const metrics = openMetrics(run.metrics);
  const watch = (label: string) => {
    const { update } = createProgress(terminal, { label: `${label}, %`, total: 100 });
    return (share: number): void => update(Math.floor(100 * share), "");
  };
  const of: RunInTraining = { ...options, metrics, note: progress.note, watch };
  const log = runLog(of, progress);
  const pictures = runPictures(of);
  const checkpoints = checkpointWriter(of);
  const measures = runMeasures(of, { log, pictures, checkpoints });
  const lookEvery = Math.max(LEAST_BETWEEN, Math.ceil(Math.min(steps, steps / epochs) / LOOKS));
  let end: RunEnd | undefined;

  const save = async (): Promise<void> => checkpoints.write(await trainer.state(), log.ofThisStep());
  const look = async (): Promise<void> => {
    const picture = await progress.beside(() => pictures.look(trainer.taken));
    if (picture !== undefined) log.picture(picture);
  };

  const goBack = async (failure: NotFiniteError): Promise<void> => {
    await checkpoints.written();
    const { checkpoint } = await latestCheckpoint(run.checkpoints, config.network, config.run);
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
  };

  try {
    await measures.readBest();
    const isNew = trainer.taken === 0 && measures.bestStep() === undefined;
    const { start, step: measure, stopped, back } = measures.heldOut ?? {};
    const hooks: readonly Hook[] = [
      { step: (report, milliseconds) => log.step(report, milliseconds), back: () => log.forget() },
      { start: isNew ? start : undefined, step: measure, stopped, back },
      {
        start: isNew ? save : undefined,
        async step() {
          const moment = momentOf(trainer.taken);
          const { step } = moment;
          const last = measures.isOver();
          const ends = last || measures.ends(moment);
          if (ends) end = await measures.report(moment, { last });
          if (ends || measures.bestStep() === step || step % config.checkpointEvery === 0) await save();
          if (!ends && (step === FIRST_LOOK || step % lookEvery === 0)) await look();
        },
        stopped() {
          if (interrupt.status() !== undefined) return true;
          checkpoints.check();
          return false;
        },
        async end() {
          const finished = measures.isOver();
          await checkpoints.end(trainer.taken, save, { finished });
          if (!finished && trainer.taken > 0) await look();
        },
        back: () => measures.readBest(),
      },
    ];
    await runSteps({
      trainer,
      until: steps,
      hooks,
      recover: goBack,
      pauseMs: 0, // a signal is noticed after the step in which it comes
    });
    if (!measures.isOver()) return undefined;
    return end ?? (await measures.report(momentOf(trainer.taken), { last: true, again: true }));
  } catch (error) {
    await checkpoints.written();
    throw withWayOn(error, checkpoints.newest(), config, run.folder);
  } finally {
    progress.finish();
    metrics.close();
    await pictures.dispose();
  }
}
