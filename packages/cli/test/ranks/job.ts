import type { Mpi, Request } from "../../src/ranks/mpi.js";

/** The k-th call of every rank, and what is done when all have made it. */
type Meeting = { calls: Map<number, ArrayBufferView[]>; done: boolean };

/** What one rank has sent another, and what that wants from it, each in order. */
type Letters = { sent: Request[]; wanted: Request[] };

const unfit = (): never => {
  throw new Error("not in this job");
};

/** The ranks of a job in one process: the k-th calls of all ranks meet. */
export function jobOf(size: number): Mpi[] {
  const meetings: Meeting[] = [];
  const letters = new Map<string, Letters>();
  const arrived = new Set<Request>();
  const post = (way: string, kind: keyof Letters, array: Float32Array): Request => {
    const request = { what: "", handle: new BigInt64Array(1), arrays: [array] };
    const all = letters.get(way) ?? { sent: [], wanted: [] };
    letters.set(way, all);
    all[kind].push(request);
    if (all.sent.length === 0 || all.wanted.length === 0) return request;
    const [from, to] = [all.sent.shift(), all.wanted.shift()] as [Request, Request];
    (to.arrays[0] as Float32Array).set(from.arrays[0] as Float32Array);
    arrived.add(from).add(to);
    return request;
  };
  const meet = (
    rank: number,
    k: number,
    arrays: ArrayBufferView[],
    together: (all: ArrayBufferView[][]) => void,
  ) => {
    meetings[k] ??= { calls: new Map(), done: false };
    const meeting = meetings[k];
    meeting.calls.set(rank, arrays);
    if (meeting.calls.size < size) return;
    together(Array.from({ length: size }, (_, each) => meeting.calls.get(each) as ArrayBufferView[]));
    meeting.done = true;
  };
  return Array.from({ length: size }, (_, rank) => {
    let calls = 0;
    const places = new WeakMap<Request, number>();
    const begin = (arrays: ArrayBufferView[], together: (all: ArrayBufferView[][]) => void): Request => {
      const request = { what: "", handle: new BigInt64Array(1), arrays };
      places.set(request, calls);
      meet(rank, calls++, arrays, together);
      return request;
    };
    return {
      rank,
      size,
      send: (array, to) => post(`${rank} to ${to}`, "sent", array),
      receive: (array, from) => post(`${from} to ${rank}`, "wanted", array),
      addTo(sums, terms) {
        for (const [i, term] of terms.entries()) sums[i]! += term;
      },
      min: (array) =>
        begin([array], (all) => {
          const own = all.map(([each]) => each as Int32Array);
          const least = array.map((_, i) => Math.min(...own.map((each) => each[i] as number)));
          for (const each of own) each.set(least);
        }),
      broadcast: (bytes) =>
        begin([bytes], (all) => {
          for (const [each] of all) (each as Uint8Array).set(all[0]?.[0] as Uint8Array);
        }),
      gather: (mine, whole) =>
        begin([mine, whole], (all) => {
          for (const [, into] of all)
            all.forEach(([from], each) => {
              (into as Uint8Array).set(from as Uint8Array, each * mine.length);
            });
        }),
      barrier: () => begin([], () => {}),
      isDone: (request) => arrived.has(request) || meetings[places.get(request) as number]?.done === true,
      finalize: unfit,
      abort: unfit,
    };
  });
}
