import type { Executor } from "@flowify/core";

/**
 * Calls `work` for the pieces 0, 1, … on all workers of an executor: each takes the next piece as soon as it is free. A worker in another
 * thread has a second piece waiting, because this thread may be busy when it finishes one.
 */
export async function overWorkers(
  { workers = 1 }: Executor,
  pieces: number,
  work: (piece: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const takePieces = async (worker: number): Promise<void> => {
    try {
      while (next < pieces) await work(next++, worker);
    } catch (error) {
      next = pieces; // the other workers stop
      throw error;
    }
  };
  const others = Array.from({ length: workers - 1 }, (_, i) => i + 1);
  const ends = await Promise.allSettled([...others, ...others, 0].map(takePieces));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
