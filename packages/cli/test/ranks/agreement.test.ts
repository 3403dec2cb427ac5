import { DataError, MismatchError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { AgreedError, agree, compareParameters, factsOf } from "../../src/ranks/agreement.js";
import { communicator } from "../../src/ranks/communicator.js";
import type { RunConfig } from "../../src/run-config.js";
import { jobOf } from "./job.js";

const members = [0, 1, 2].map((rank) => ({ rank, host: "here", pid: 100 + rank }));
const facts = { flowify: "1.0.0", data: "60 examples, sha256 aa", seed: "3" };

const inRanks = <T>(work: (comm: ReturnType<typeof communicator>) => Promise<T>) =>
  Promise.allSettled(jobOf(3).map((mpi) => work(communicator(mpi, () => {}))));

const reasons = async (ends: Promise<PromiseSettledResult<unknown>[]>): Promise<Error[]> =>
  (await ends).map((end) => (end as PromiseRejectedResult).reason as Error);

describe("agreement of ranks", () => {
  it("lets equal ranks train", async () => {
    const ends = await inRanks((comm) => agree(comm, members, { facts }));
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
  });

  it("names the rank with other data, in all ranks", async () => {
    const other = { ...facts, data: "60 examples, sha256 bb", seed: "4" };
    const all = await reasons(
      inRanks((comm) => agree(comm, members, { facts: comm.rank === 2 ? other : facts })),
    );
    for (const error of all) {
      expect(error).toBeInstanceOf(AgreedError);
      expect(error.cause).toBeInstanceOf(DataError);
      expect((error.cause as Error).message).toBe(
        "rank 2 (here, process 102) has another data than rank 0: 60 examples, sha256 bb, expected 60 examples, sha256 aa\ncopy the same files to all machines",
      );
    }
  });

  it("ends all ranks where one cannot train, with its error, and with the error itself where all cannot", async () => {
    const error = new DataError("images: no such folder");
    const one = await reasons(
      inRanks((comm) => agree(comm, members, comm.rank === 1 ? { error } : { facts })),
    );
    for (const { cause } of one)
      expect((cause as Error).message).toBe("rank 1 (here, process 101): images: no such folder");
    const all = await reasons(inRanks((comm) => agree(comm, members, { error })));
    for (const { cause } of all) expect(cause).toBe(error);
  });

  it("compares what decides the numbers of a run, and neither folders nor the machine", () => {
    const config = (other: object) =>
      ({
        training: { seed: 3, steps: 10 },
        data: { dir: "/a", hash: "aa", shape: [2] },
        ...other,
      }) as unknown as RunConfig;
    const versions = { flowify: "1.0.0", node: "v20", onnxruntime: null };
    const first = factsOf(config({}), versions);
    const elsewhere = { dir: "/b", hash: "aa", shape: [2] };
    expect(factsOf(config({ data: elsewhere, environment: { cpu: "other" } }), versions)).toEqual(first);
    expect(factsOf(config({ training: { seed: 3, steps: 11 } }), versions).settings).not.toBe(first.settings);
  });
});

describe("comparison of parameters", () => {
  const parameters = (last: number) =>
    new Map([
      ["0.scale", Float32Array.of(1, 2)],
      ["1.kernel", Float32Array.of(3, last)],
    ]);

  it("is silent where all bits are the same", async () => {
    const ends = await inRanks((comm) => compareParameters(comm, members, parameters(4), 100));
    expect(ends.every(({ status }) => status === "fulfilled")).toBe(true);
  });

  it("names the step, the rank and its first parameter, for the last bit of a number as well", async () => {
    const all = await reasons(
      inRanks((comm) =>
        compareParameters(comm, members, parameters(comm.rank === 1 ? 4 + 2 ** -21 : 4), 200),
      ),
    );
    for (const { cause } of all) {
      expect(cause).toBeInstanceOf(MismatchError);
      expect((cause as Error).message).toContain(
        "step 200: parameter 1.kernel of rank 1 (here, process 101) differs from that of rank 0",
      );
    }
  });
});
