import { DeviceError, NotFiniteError } from "@flowify/core";
import { mayPass } from "../files/atomic.js";
import { LostRankError } from "../ranks/watch.js";
import type { RunConfig } from "../run-config.js";

/** An error that ended a run, with the newest checkpoint that is on the disk, and what to do. */
export function withWayOn(
  error: unknown,
  saved: number | undefined,
  { training: { learningRate } }: RunConfig,
  folder: string,
): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  const cause = { cause: error };
  const kept = saved === undefined ? "" : `\nthe last checkpoint, of step ${saved}, is kept in ${folder}`;
  if (error instanceof NotFiniteError) {
    const good =
      saved === undefined
        ? "there is no checkpoint"
        : `the last good checkpoint, of step ${saved}, is kept in ${folder}`;
    const remedy = `try again with a step size below --lr ${learningRate}, and with --force or another --out`;
    return new NotFiniteError(error.step, error.layer, `${message}\n${good}\n${remedy}`, cause);
  }
  if (error instanceof LostRankError) {
    const remedy = `continue with the same number of ranks: mpirun … flowify train --resume ${folder}`;
    return new LostRankError(`${message}${kept}\n${remedy}`, cause);
  }
  if (error instanceof DeviceError) {
    // the state of a step is lost with its device, or half changed
    const remedy = `go on by flowify train --resume ${folder} --device native`;
    return new DeviceError(`${message}${kept}\n${remedy}`, cause);
  }
  // with the code of the system's error
  if (mayPass(error) && saved !== undefined)
    return Object.assign(
      new Error(`${message}\nflowify train --resume ${folder} continues the run`, cause),
      error,
    );
  return error;
}
