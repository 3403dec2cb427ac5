import { describe, expect, it } from "vitest";
import { broadcastBytes, communicator, gatherTexts } from "../../src/ranks/communicator.js";
import { jobOf } from "./job.js";

const inRanks = <T>(
  size: number,
  work: (comm: ReturnType<typeof communicator>) => Promise<T>,
): Promise<T[]> => Promise.all(jobOf(size).map((mpi) => work(communicator(mpi, () => {}))));

describe("communicator", () => {
  it("adds up arrays of all lengths in their owners, and spreads them, the small ones of an owner in one message", async () => {
    const owners = [0, 1, 1, 2, 0];
    const lengths = [1, 3, 40_000, 2, 5];
    let messages = 0;
    const counted = jobOf(3).map((mpi) => ({
      ...mpi,
      send(array: Float32Array, to: number) {
        messages++;
        return mpi.send(array, to);
      },
    }));
    await Promise.all(
      counted.map(async (mpi) => {
        const arrays = lengths.map((length) => new Float32Array(length).fill(10 ** mpi.rank));
        const comm = communicator(mpi, () => {});
        await comm.sumTo(arrays, owners);
        expect(arrays.map(([first]) => first)).toEqual(
          owners.map((owner) => (owner === mpi.rank ? 111 : 10 ** mpi.rank)),
        );
        await comm.spread(arrays, owners);
        for (const [k, array] of arrays.entries()) {
          expect(array).toHaveLength(lengths[k] as number);
          expect(array.every((value) => value === 111)).toBe(true);
        }
        expect(comm.sums.count).toBe(1);
      }),
    );
    expect(messages).toBe(2 * 2 * (1 + 2 + 1));
  });

  it("adds up in the order of ranks, whoever owns the sum", async () => {
    const all = await inRanks(4, async (comm) => {
      const arrays = [0, 1, 2, 3].map(() => Float32Array.of([1e8, 1, -1e8, 1][comm.rank] as number));
      await comm.sumTo(arrays, [0, 1, 2, 3]);
      return (arrays[comm.rank] as Float32Array)[0];
    });
    expect(all).toEqual([1, 1, 1, 1]);
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
