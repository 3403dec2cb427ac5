import { DeviceError, NotFiniteError } from "@flowify/core";
import { LostRankError } from "../ranks/watch.js";
import type { RunConfig } from "../run-config.js";

/** An error that ended a run, with the newest checkpoint that is on the disk, and what to do. */
export function withWayOn(
  error: unknown,
  saved: number | undefined,
  config: RunConfig,
  folder: string,
): unknown {
  if (error instanceof NotFiniteError) return withRemedy(error, saved, config, folder);
  if (error instanceof LostRankError) return withRanks(error, saved, folder);
  if (error instanceof DeviceError) return withCheckpoint(error, saved, folder);
  return error;
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

const keptIn = (saved: number | undefined, folder: string): string =>
  saved === undefined ? "" : `\nthe last checkpoint, of step ${saved}, is kept in ${folder}`;

function withRanks(error: LostRankError, saved: number | undefined, folder: string): Error {
  const remedy = `continue with the same number of ranks: mpirun … flowify train --resume ${folder}`;
  return new LostRankError(`${error.message}${keptIn(saved, folder)}\n${remedy}`, { cause: error });
}

/** The state of a step is lost with its device, or half changed. */
function withCheckpoint(error: DeviceError, saved: number | undefined, folder: string): Error {
  const remedy = `go on by flowify train --resume ${folder} --device native, or with --fallback`;
  return new DeviceError(`${error.message}${keptIn(saved, folder)}\n${remedy}`, { cause: error });
}
