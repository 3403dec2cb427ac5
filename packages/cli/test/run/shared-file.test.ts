import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as v from "valibot";
import { expect, it } from "vitest";
import { type Communicator, communicator } from "../../src/ranks/communicator.js";
import { writeResumable } from "../../src/runs/resumable-file.js";
import { removePartsOfRanks, writeShared } from "../../src/runs/shared-file.js";
import { jobOf } from "../ranks/job.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();
const SIZE = 3;

/** Three ranks write a line each; rank `fails` fails behind its record. Returns which of them wrote, and warnings. */
async function write(name: string, fails = -1, facts = { run: "a" }) {
  const wrote: number[] = [];
  const warnings: string[] = [];
  const options = { facts, state: v.number(), warn: (line: string) => void warnings.push(line) };
  const work = (comm: Communicator) => {
    const { rank, size } = comm;
    const members = Array.from({ length: size }, (_, each) => ({ rank: each, host: "here", pid: each + 1 }));
    const ranks = { rank, size, comm, members };
    return writeShared(
      join(folder, name),
      ranks,
      options,
      async ({ kept, write: add, keep }) => {
        if (kept !== undefined) return;
        wrote.push(rank);
        await add(`rank ${rank}\n`);
        await keep(rank, true);
        if (rank !== fails) return;
        // the others are done, and wait
        const isDone = (each: number): boolean => {
          const part = join(folder, `${name}.part`, `rank-${each + 1}-of-${SIZE}`);
          return existsSync(join(part, "progress.json")) && !existsSync(join(part, "run.lock"));
        };
        while (!members.every((_, each) => each === fails || isDone(each))) await setTimeout(2);
        throw new Error("killed");
      },
      (parts, add) => add(`states ${parts.map(({ state }) => state).join(" ")}\n`),
    );
  };
  const ends = jobOf(SIZE).map((mpi) => work(communicator(mpi, () => {})));
  // the others wait for a rank that has failed
  const end = fails < 0 ? Promise.all(ends) : Promise.race(ends.filter((_, rank) => rank === fails));
  const failed = await end.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  return { wrote: wrote.sort((a, b) => a - b), warnings, failed };
}

const WHOLE = "rank 0\nrank 1\nrank 2\nstates 0 1 2\n";

it("parts of all ranks are put together in their order", async () => {
  expect(await write("a")).toEqual({ wrote: [0, 1, 2], warnings: [], failed: undefined });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe(WHOLE);
  expect(existsSync(join(folder, "a.part"))).toBe(false);
});

it("parts that are complete are kept, and those of others are not", async () => {
  expect(await write("b", 1)).toMatchObject({ wrote: [0, 1, 2], failed: "killed" });
  expect(existsSync(join(folder, "b"))).toBe(false);
  rmSync(join(folder, "b.part", "run.lock")); // of a rank 0 that still waits in this process
  expect(await write("b")).toMatchObject({ wrote: [], failed: undefined });
  expect(readFileSync(join(folder, "b"), "utf8")).toBe(WHOLE);

  await write("c", 1);
  rmSync(join(folder, "c.part", "run.lock"));
  expect(await write("c", -1, { run: "b" })).toMatchObject({
    wrote: [0, 1, 2],
    warnings: expect.arrayContaining([expect.stringContaining("begun with another run")]),
  });
});

it("a single process writes anew what ranks began", async () => {
  await write("d", 2);
  rmSync(join(folder, "d.part", "run.lock"));
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  await removePartsOfRanks(join(folder, "d"), warn);
  await writeResumable(join(folder, "d"), { facts: {}, state: v.number(), warn }, ({ write: add }) =>
    add("one"),
  );
  expect([readFileSync(join(folder, "d"), "utf8"), warnings]).toEqual([
    "one",
    [`${join(folder, "d.part")}: begun by several ranks, so it is written anew`],
  ]);
  expect(readdirSync(folder).filter((name) => name.startsWith("d"))).toEqual(["d"]);
});
