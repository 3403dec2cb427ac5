import { describe, expect, it } from "vitest";
import { broadcastBytes, communicator, gatherTexts } from "../../src/ranks/communicator.js";
import { jobOf } from "./job.js";

const inRanks = <T>(
  size: number,
  work: (comm: ReturnType<typeof communicator>) => Promise<T>,
): Promise<T[]> => Promise.all(jobOf(size).map((mpi) => work(communicator(mpi, () => {}))));

describe("communicator", () => {
  it("adds up arrays of all lengths in place, the small ones in one call", async () => {
    const job = jobOf(2);
    let calls = 0;
    const counted = job.map((mpi) => ({
      ...mpi,
      sum(array: Float32Array) {
        calls++;
        return mpi.sum(array);
      },
    }));
    const all = await Promise.all(
      counted.map(async (mpi) => {
        const arrays = [1, 3, 40_000, 2].map((length) => new Float32Array(length).fill(mpi.rank + 1));
        await communicator(mpi, () => {}).sum(arrays);
        return arrays;
      }),
    );
    for (const arrays of all) {
      expect(arrays.map(({ length }) => length)).toEqual([1, 3, 40_000, 2]);
      for (const array of arrays) expect(array.every((value) => value === 3)).toBe(true);
    }
    expect(calls).toBe(2 * 2);
  });

  it("brings texts of any length together, in the order of ranks", async () => {
    const all = await inRanks(3, (comm) => gatherTexts(comm, "é".repeat(2 * comm.rank)));
    for (const texts of all) expect(texts).toEqual(["", "éé", "éééé"]);
  });

  it("brings the bytes of rank 0 to all", async () => {
    const all = await inRanks(3, (comm) => broadcastBytes(comm, Uint8Array.of(comm.rank + 7, 8, 9)));
    for (const bytes of all) expect([...bytes]).toEqual([7, 8, 9]);
  });

  it("looks for lost ranks while it waits", async () => {
    const [first] = jobOf(2); // the second never comes
    const lost = communicator(first!, () => {
      throw new Error("rank 1 is lost");
    });
    await expect(lost.barrier()).rejects.toThrow("rank 1 is lost");
  });
});
