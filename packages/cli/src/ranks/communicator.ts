import { setImmediate as eventsOfThread } from "node:timers/promises";
import { rowOf } from "../rows.js";
import type { Mpi, Request } from "./mpi.js";
import { type Parcel, parcelsOf } from "./owned-arrays.js";

/** What the processes of a job send each other. All make the same calls in the same order. */
export type Communicator = Readonly<{
  rank: number;
  size: number;
  /** Adds each array up over all ranks, in place, in the rank that owns it; terms are added in the order of ranks. */
  sumTo(arrays: readonly Float32Array[], owners: readonly number[]): Promise<void>;
  /** Each array, from its owner to all. */
  spread(arrays: readonly Float32Array[], owners: readonly number[]): Promise<void>;
  /** The least of all ranks' numbers, whole and below 2³¹. */
  least(value: number): Promise<number>;
  /** Bytes of rank 0, to all; those of the others say how many there are. */
  broadcast(bytes: Uint8Array): Promise<void>;
  /** Equal numbers of bytes of all ranks, in order. */
  gather(mine: Uint8Array): Promise<Uint8Array[]>;
  barrier(): Promise<void>;
  /** Calls of `sumTo` so far, and the milliseconds that this process has spent in `sumTo` and `spread`. */
  readonly sums: Readonly<{ count: number; ms: number }>;
}>;

/** Most bytes of one broadcast: counts in MPI are 32-bit. */
const MOST_BYTES = 2 ** 28;

/**
 * A waiting process looks all the time for so long. After that it sleeps between two looks, then also lets other events of
 * its thread in, and at last sleeps longer: rank 0 measures, and may use all cores.
 */
const BUSY_MS = 2;
const EVENTS_MS = 50;
const PATIENT_MS = 1000;
const NAP_MS = { short: 0.05, long: 1 } as const;

/**
 * @param check throws where another process of the job is lost; called while this one waits
 */
export function communicator(mpi: Mpi, check: () => void): Communicator {
  const { rank, size } = mpi;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let received: Float32Array[][] = [];
  const sums = { count: 0, ms: 0 };

  const waitFor = async (request: Request): Promise<void> => {
    const began = performance.now();
    for (;;) {
      if (mpi.isDone(request)) return;
      const elapsed = performance.now() - began;
      if (elapsed < BUSY_MS) continue;
      check();
      Atomics.wait(sleeper, 0, 0, elapsed < PATIENT_MS ? NAP_MS.short : NAP_MS.long);
      if (elapsed >= EVENTS_MS) await eventsOfThread();
    }
  };

  const addTo = (sums: readonly Float32Array[], terms: readonly Float32Array[]): void => {
    for (const [k, sum] of sums.entries()) mpi.addTo(sum, terms[k] as Float32Array);
  };

  /** The other ranks, each rank beginning with the next one, so that not all send to the same. */
  const others = Array.from({ length: size - 1 }, (_, k) => (rank + 1 + k) % size);

  /** Sends arrays to each other rank and receives those of all others, at the same time. */
  const exchange = async (
    toSend: (other: number) => readonly Float32Array[],
    toReceive: (other: number) => readonly Float32Array[],
  ): Promise<void> => {
    const incoming = others.flatMap((other) => toReceive(other).map((array) => mpi.receive(array, other)));
    const outgoing = others.flatMap((other) => toSend(other).map((array) => mpi.send(array, other)));
    for (const request of [...incoming, ...outgoing]) await waitFor(request);
  };

  /** Memory for the terms of every other rank, kept from call to call. */
  const roomFor = (arrays: readonly Float32Array[]): Float32Array[][] => {
    const [first] = received;
    const fits =
      first?.length === arrays.length && arrays.every((each, i) => each.length === first[i]?.length);
    if (!fits) received = others.map(() => arrays.map(({ length }) => new Float32Array(length)));
    return received;
  };

  const timed = async (work: () => Promise<void>): Promise<void> => {
    const began = performance.now();
    await work();
    sums.ms += performance.now() - began;
  };

  return {
    rank,
    size,
    sums,
    sumTo: (arrays, owners) =>
      timed(async () => {
        const parcels = parcelsOf(arrays, owners, size);
        for (const parcel of parcels) parcel.pack();
        const mine = parcels[rank] as Parcel;
        const terms = roomFor(mine.arrays);
        const termsOf = (other: number) => terms[others.indexOf(other)] as Float32Array[];
        await exchange((other) => (parcels[other] as Parcel).arrays, termsOf);
        // (… (r₀ + r₁) + …) + mine, whose order is that of ranks: a sum of two terms has no order
        const [first, ...before] = others
          .filter((other) => other < rank)
          .toSorted((a, b) => a - b)
          .map(termsOf);
        for (const each of before) addTo(first as Float32Array[], each);
        if (first) addTo(mine.arrays, first);
        const after = others.filter((other) => other > rank).toSorted((a, b) => a - b);
        for (const other of after) addTo(mine.arrays, termsOf(other));
        mine.unpack();
        sums.count++;
      }),
    spread: (arrays, owners) =>
      timed(async () => {
        const parcels = parcelsOf(arrays, owners, size);
        const mine = parcels[rank] as Parcel;
        mine.pack();
        await exchange(
          () => mine.arrays,
          (other) => (parcels[other] as Parcel).arrays,
        );
        for (const other of others) parcels[other]?.unpack();
      }),
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
      return Array.from({ length: size }, (_, i) => rowOf(all, i, mine.length));
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
