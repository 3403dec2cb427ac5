import { CheckpointError, type TrainingState } from "@flowify/core";
import { mayPass } from "../files/atomic.js";
import { ofRun } from "../runs/identity.js";
import type { MetricsRecord } from "../runs/metrics.js";
import { pruneCheckpoints, removeStart, writeCheckpoint } from "../runs/saved-checkpoints.js";
import type { RunInTraining } from "./run-log.js";

/** Checkpoints kept in addition to the best one: the newest, and the one before it in case the newest is damaged. */
const KEEP = 2;

/**
 * Writes the checkpoints of a run one after another, while training continues. After a temporary failure (full disk, no
 * file handles) it warns and tries again with the next checkpoint; at the end of the run the failure is an error.
 */
export function checkpointWriter({ run, metrics, config, trainer, note }: RunInTraining) {
  const state: { newest: number | undefined; pending: Promise<void>; failure?: Error; attempts: number } = {
    newest: trainer.taken > 0 ? trainer.taken : undefined,
    pending: Promise.resolve(),
    attempts: 0,
  };

  const put = async (saved: TrainingState, lines: readonly MetricsRecord[]): Promise<void> => {
    state.attempts++;
    try {
      metrics.sync();
      const checkpoint = { network: config.network, state: saved, metrics: lines, ...ofRun(config) };
      await writeCheckpoint(run.checkpoints, checkpoint);
      await pruneCheckpoints(run.checkpoints, KEEP);
      state.newest = saved.step;
      delete state.failure;
    } catch (error) {
      const { message } = error as Error;
      if (mayPass(error)) {
        state.failure = error as Error;
        note(
          `the checkpoint of step ${saved.step} could not be written: ${message}; training continues, and the next checkpoint is tried`,
        );
      } else
        state.failure = new CheckpointError(
          `${run.folder}: the checkpoint of step ${saved.step} cannot be written: ${message}\nthe folder may have been moved or removed: train again, with another --out`,
          { cause: error },
        );
    }
  };

  /** The failure, while no checkpoint is on the disk. */
  const none = (cause: Error): CheckpointError =>
    new CheckpointError(
      `${run.folder}: the first checkpoint could not be written: ${cause.message}\nfree some space there, or choose another --out`,
      { cause },
    );
  const check = (): void => {
    const { failure, newest, attempts } = state;
    if (failure instanceof CheckpointError) throw failure;
    if (failure !== undefined && newest === undefined && attempts > 1) throw none(failure);
  };
  return {
    /**
     * Throws a permanent error of writing checkpoints, and any error once the first two have failed: a run without
     * checkpoints is not protected.
     */
    check,
    /** Starts to write a checkpoint; waits only for the one before. */
    async write(saved: TrainingState, lines: readonly MetricsRecord[]): Promise<void> {
      await state.pending;
      check();
      state.pending = put(saved, [...lines]);
    },
    /** Waits for the present write. */
    written: (): Promise<void> => state.pending,
    /** Ends the run at `step`: ensures that the state is on the disk, by `save` if necessary, or throws the error. */
    async end(step: number, save: () => Promise<void>, { finished }: { finished: boolean }): Promise<void> {
      await state.pending;
      if (state.newest !== step) await save();
      await state.pending;
      const { failure, newest } = state;
      if (failure !== undefined) throw newest === undefined ? none(failure) : failure;
      if (finished) await removeStart(run.checkpoints);
    },
    /** The step of the newest checkpoint on the disk. */
    newest: (): number | undefined => state.newest,
  };
}
