import { hostname } from "node:os";
import { DeviceError, type TrainOptions } from "@flowify/core";
import type { Env } from "../ui/terminal.js";
import { AgreedError, compareParameters } from "./agreement.js";
import { broadcastBytes, type Communicator, communicator, gatherTexts } from "./communicator.js";
import { type Cores, coresHere, coresOfRank } from "./cores.js";
import { launchedBy, launchedSize } from "./launcher.js";
import { initMpi, type Mpi } from "./mpi.js";
import { openMpi } from "./mpi-library.js";
import { LostRankError, type MeetingPlace, type Member, nameOf, startWatch, type Watcher } from "./watch.js";

/** The processes of a job that train one flow together. */
export type Ranks = Readonly<{
  rank: number;
  size: number;
  members: readonly Member[];
  /** Cores for each rank: those of a machine are divided among the ranks that may use them. */
  cores: number;
  comm: Communicator;
  /** For a trainer. */
  share: NonNullable<TrainOptions["share"]>;
  /** True where lost ranks are noticed here; otherwise only the launcher notices them. */
  watched: boolean;
  /** Ends this process's part in the job, when all ranks do; the process goes on. */
  leave(): Promise<void>;
  /** What this process throws where it fails alone, with its name; the job ends with the process. */
  fail(error: unknown): Promise<unknown>;
}>;

/** Seconds of silence after which a rank counts as lost. */
const RANK_TIMEOUT = 30;

/**
 * Joins the job of a launcher of MPI; undefined for a process that none has started.
 *
 * @param timeout seconds of silence after which a rank counts as lost
 * @throws DeviceError where no library of MPI is found, or it belongs to another launcher
 */
async function joinRanks(env: Env, timeout = RANK_TIMEOUT): Promise<Ranks | undefined> {
  const family = launchedBy(env);
  if (family === undefined) return undefined;
  const library = await openMpi(family, env);
  const mpi = initMpi(library);
  const abort = abortAtExit(mpi);
  const { rank, size } = mpi;
  const launched = launchedSize(env) ?? size;
  if (size !== launched)
    throw new DeviceError(
      `the launcher started ${launched} processes, but ${library.file} (${library.family}) sees ${size}\nuse the launcher and the library of one MPI: FLOWIFY_MPI=/path/to/libmpi.so names the library`,
    );
  let watch: Watcher | undefined;
  const comm = communicator(mpi, () => watch?.check());
  const here = await gatherPlaces(comm);
  const members = here.map(({ host, pid }, rank) => ({ rank, host, pid }));
  watch = size > 1 ? await watchOf(comm, members, timeout) : undefined;
  return {
    rank,
    size,
    members,
    cores: coresOfRank(here),
    comm,
    watched: watch !== undefined,
    share: {
      part: rank,
      of: size,
      sumTo: comm.sumTo,
      spread: comm.spread,
      compare: (parameters, step) => compareParameters(comm, members, parameters, step),
    },
    async leave() {
      await comm.barrier();
      await watch?.leave();
      abort.cancel();
      mpi.finalize();
    },
    async fail(error) {
      await watch?.leave();
      if (size > 1 && error instanceof Error && !(error instanceof LostRankError))
        error.message = `${nameOf(members[rank] as Member)}: ${error.message}`;
      return error;
    },
  };
}

/** A process that ends without `leave` ends the whole job, after its messages are written. */
function abortAtExit(mpi: Mpi): { cancel(): void } {
  const abort = (status: number): void => mpi.abort(status === 0 ? 1 : status);
  process.once("exit", abort);
  return { cancel: () => void process.off("exit", abort) };
}

type Place = Readonly<{ host: string; pid: number }> & Cores;

async function gatherPlaces(comm: Communicator): Promise<Place[]> {
  const mine: Place = { host: hostname(), pid: process.pid, ...coresHere() };
  return (await gatherTexts(comm, JSON.stringify(mine))).map((text) => JSON.parse(text) as Place);
}

/** The watch of this process; undefined in all where rank 0 cannot be reached by all. */
async function watchOf(
  comm: Communicator,
  members: readonly Member[],
  limit: number,
): Promise<Watcher | undefined> {
  const first = comm.rank === 0 ? await startWatch(members, 0, { limit }) : undefined;
  const text = JSON.stringify(first?.place ?? null);
  const place = JSON.parse(
    new TextDecoder().decode(await broadcastBytes(comm, new TextEncoder().encode(text))),
  ) as MeetingPlace | null;
  const watch =
    first ?? (place ? await startWatch(members, comm.rank, { limit, token: place.token }) : undefined);
  const joined = place !== null && (comm.rank === 0 || (await watch?.join(place)) === true);
  if ((await comm.least(Number(joined))) === 1) return watch;
  await watch?.leave();
  return undefined;
}

/**
 * Runs `work` in the job of this process, with its ranks where there are several: where it fails alone, the job ends with its error;
 * where all fail alike, rank 0 says so.
 */
export async function inRanks<T>(
  env: Env,
  work: (ranks: Ranks | undefined) => Promise<T>,
  timeout?: number,
): Promise<T | undefined> {
  const job = await joinRanks(env, timeout);
  if (job === undefined) return work(undefined);
  try {
    const result = await work(job.size > 1 ? job : undefined);
    await job.leave();
    return result;
  } catch (error) {
    if (!(error instanceof AgreedError)) throw await job.fail(error);
    await job.leave();
    if (job.rank === 0) throw error.cause;
    return undefined;
  }
}
