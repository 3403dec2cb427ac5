import { CheckpointError, type TrainingState } from "@flowify/core";
import { mayPass } from "../files/atomic.js";
import type { RunFolder } from "../runs/folder.js";
import type { MetricsLog, MetricsRecord } from "../runs/metrics.js";
import { pruneCheckpoints, removeStart, writeCheckpoint } from "../runs/saved-checkpoints.js";

/** Checkpoints kept in addition to the best one: the newest, and the one before it in case the newest is damaged. */
const KEEP = 2;

export type CheckpointWriter = Readonly<{
  /**
   * Throws a permanent error of writing checkpoints, and any error once the first two have failed: a run without
   * checkpoints is not protected.
   */
  check(): void;
  /** Starts to write a checkpoint; waits only for the one before. */
  write(state: TrainingState, metrics: readonly MetricsRecord[]): Promise<void>;
  /** Waits for the present write. */
  written(): Promise<void>;
  /** Ends the run at `step`: ensures that the state is on the disk, by `save` if necessary, or throws the error. */
  end(step: number, save: () => Promise<void>, how: { finished: boolean }): Promise<void>;
  /** The step of the newest checkpoint on the disk. */
  newest(): number | undefined;
}>;

export type CheckpointWriterOptions = Readonly<{
  run: RunFolder;
  metrics: MetricsLog;
  network: string;
  /** The step of the checkpoint that the run continues from. */
  newest: number | undefined;
  warn(line: string): void;
}>;

/**
 * Writes the checkpoints of a run one after another, while training continues. After a temporary failure (full disk, no
 * file handles) it warns and tries again with the next checkpoint; at the end of the run the failure is an error.
 */
export function checkpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  const { run, metrics, network, warn } = options;
  let { newest } = options;
  let pending: Promise<void> = Promise.resolve();
  let failure: Error | undefined;
  let attempts = 0;

  const put = async (state: TrainingState, lines: readonly MetricsRecord[]): Promise<void> => {
    attempts++;
    try {
      metrics.sync();
      await writeCheckpoint(run.checkpoints, { network, state, metrics: lines });
      await pruneCheckpoints(run.checkpoints, KEEP);
      newest = state.step;
      failure = undefined;
    } catch (error) {
      const { message } = error as Error;
      failure = mayPass(error)
        ? (error as Error)
        : new CheckpointError(
            `${run.folder}: the checkpoint of step ${state.step} cannot be written: ${message}\nthe folder may have been moved or removed: train again, with another --out`,
            { cause: error },
          );
      if (failure === error)
        warn(
          `the checkpoint of step ${state.step} could not be written: ${message}; training continues, and the next checkpoint is tried`,
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
    if (failure instanceof CheckpointError) throw failure;
    if (failure !== undefined && newest === undefined && attempts > 1) throw none(failure);
  };
  return {
    check,
    async write(state, lines) {
      await pending;
      check();
      pending = put(state, [...lines]);
    },
    written: () => pending,
    async end(step, save, { finished }) {
      await pending;
      if (newest !== step) await save();
      await pending;
      if (failure !== undefined) throw newest === undefined ? none(failure) : failure;
      if (finished) await removeStart(run.checkpoints);
    },
    newest: () => newest,
  };
}
