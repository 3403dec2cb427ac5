import { setImmediate as eventsOfThread } from "node:timers/promises";
import type { Mpi, Request } from "./mpi.js";

/** What the processes of a job send each other. All make the same calls in the same order. */
export type Communicator = Readonly<{
  rank: number;
  size: number;
  /** Adds arrays up over all ranks, in place. */
  sum(arrays: readonly Float32Array[]): Promise<void>;
  /** The least of all ranks' numbers, whole and below 2³¹. */
  least(value: number): Promise<number>;
  /** Bytes of rank 0, to all; those of the others say how many there are. */
  broadcast(bytes: Uint8Array): Promise<void>;
  /** Equal numbers of bytes of all ranks, in order. */
  gather(mine: Uint8Array): Promise<Uint8Array[]>;
  barrier(): Promise<void>;
  /** Sums so far, and the milliseconds that this process has waited for them. */
  readonly sums: Readonly<{ count: number; ms: number }>;
}>;

/** Arrays below this length are put together into one sum: a message costs as much as a thousand numbers. */
const SMALL = 16_384;

/** Most bytes of one broadcast: counts in MPI are 32-bit. */
const MOST_BYTES = 2 ** 28;

/** A waiting process looks all the time for so long, and lets other events of its thread in after that. */
const BUSY_MS = 2;
/** Beyond this it sleeps longer between two looks: rank 0 measures, and may use all cores. */
const PATIENT_MS = 50;
const NAP_MS = { short: 0.05, long: 1 } as const;

/**
 * @param check throws where another process of the job is lost; called while this one waits
 */
export function communicator(mpi: Mpi, check: () => void): Communicator {
  const { rank, size } = mpi;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let small = new Float32Array(0);
  const sums = { count: 0, ms: 0 };

  const waitFor = async (request: Request): Promise<void> => {
    const began = performance.now();
    for (;;) {
      if (mpi.isDone(request)) return;
      const elapsed = performance.now() - began;
      if (elapsed < BUSY_MS) continue;
      check();
      Atomics.wait(sleeper, 0, 0, elapsed < PATIENT_MS ? NAP_MS.short : NAP_MS.long);
      if (elapsed >= PATIENT_MS) await eventsOfThread();
    }
  };

  const putTogether = (arrays: readonly Float32Array[]): Float32Array => {
    const length = arrays.reduce((sum, array) => sum + array.length, 0);
    if (small.length !== length) small = new Float32Array(length);
    let at = 0;
    for (const array of arrays) {
      small.set(array, at);
      at += array.length;
    }
    return small;
  };

  return {
    rank,
    size,
    sums,
    async sum(arrays) {
      const began = performance.now();
      const few = arrays.filter(({ length }) => length < SMALL);
      const together = putTogether(few);
      const requests = [...arrays.filter(({ length }) => length >= SMALL), together].map((array) =>
        mpi.sum(array),
      );
      for (const request of requests) await waitFor(request);
      let at = 0;
      for (const array of few) {
        array.set(together.subarray(at, at + array.length));
        at += array.length;
      }
      sums.ms += performance.now() - began;
      sums.count++;
    },
    async least(value) {
      const array = Int32Array.of(value);
      await waitFor(mpi.min(array));
      return array[0] as number;
    },
    async broadcast(bytes) {
      for (let at = 0; at < bytes.length; at += MOST_BYTES)
        await waitFor(mpi.broadcast(bytes.subarray(at, at + MOST_BYTES)));
    },
    async gather(mine) {
      const all = new Uint8Array(size * mine.length);
      await waitFor(mpi.gather(mine, all));
      return Array.from({ length: size }, (_, i) => all.subarray(i * mine.length, (i + 1) * mine.length));
    },
    barrier: () => waitFor(mpi.barrier()),
  };
}

/** Texts of all ranks, in order. */
export async function gatherTexts(comm: Communicator, mine: string): Promise<string[]> {
  const bytes = new TextEncoder().encode(mine);
  const longest = -(await comm.least(-bytes.length));
  const padded = new Uint8Array(4 + longest);
  new DataView(padded.buffer).setUint32(0, bytes.length);
  padded.set(bytes, 4);
  return (await comm.gather(padded)).map((each) => {
    const length = new DataView(each.buffer, each.byteOffset).getUint32(0);
    return new TextDecoder().decode(each.subarray(4, 4 + length));
  });
}

/** The bytes of rank 0, to all ranks; what the others name is ignored. */
export async function broadcastBytes(comm: Communicator, bytes: Uint8Array): Promise<Uint8Array> {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setFloat64(0, bytes.length);
  await comm.broadcast(size);
  const all = comm.rank === 0 ? bytes : new Uint8Array(new DataView(size.buffer).getFloat64(0));
  await comm.broadcast(all);
  return all;
}
