import { CheckpointError, type TrainingState } from "@flowify/core";
import { pruneCheckpoints, removeStart, writeCheckpoint } from "../checkpoint.js";
import { mayPass } from "./atomic.js";
import type { RunFolder } from "./folder.js";
import type { MetricsLog, MetricsRecord } from "./metrics.js";

/** Checkpoints that are kept beside the best one: the newest, and the one before it, should the newest be damaged. */
const KEEP = 2;

export type CheckpointWriter = Readonly<{
  /** Throws what keeps checkpoints from the disk for good, or has kept the first two: a run without any protects nothing. */
  check(): void;
  /** Starts to write a checkpoint; waits for the one before only. */
  write(state: TrainingState, metrics: readonly MetricsRecord[]): Promise<void>;
  /** Waits for the one that is being written. */
  written(): Promise<void>;
  /** The end of the run at `step`: the state is on the disk, by `save` where it is not yet, or it throws why not. */
  end(step: number, save: () => Promise<void>, how: { finished: boolean }): Promise<void>;
  /** The step of the newest one that is on the disk. */
  newest(): number | undefined;
}>;

export type CheckpointWriterOptions = Readonly<{
  run: RunFolder;
  metrics: MetricsLog;
  network: string;
  /** The step of the checkpoint that the run goes on from. */
  newest: number | undefined;
  warn(line: string): void;
}>;

/**
 * Writes the checkpoints of a run one after the other, while training goes on. A write that fails for a cause that may
 * pass (no room, no file handles) is told and tried again with the next checkpoint; at the end of the run it is an error.
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
            `${run.folder}: the checkpoint of step ${state.step} cannot be written: ${message}\nwas the folder moved or removed? train again, into a folder that stays`,
            { cause: error },
          );
      if (failure === error)
        warn(
          `the checkpoint of step ${state.step} could not be written: ${message}; training goes on, the next one is tried again`,
        );
    }
  };

  /** What failed, where nothing at all is on the disk. */
  const none = (cause: Error): CheckpointError =>
    new CheckpointError(
      `${run.folder}: no checkpoint could be written, not even the first: ${cause.message}\nfree some space there, or choose another folder with --out`,
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
