import fs, { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { CheckpointError } from "@flowify/core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { latestCheckpoint, listCheckpoints, readCheckpoint } from "../src/runs/saved-checkpoints.js";
import { runCommand } from "./run-command.js";
import { lastCheckpoint, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Faults of the operating system, put in at the calls that the command makes. */
const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const STEPS = 12;
const options = [
  "train",
  "--data",
  data,
  "--network",
  network,
  "--batch",
  "64",
  "--seed",
  "3",
  "--steps",
  `${STEPS}`,
];
const often = ["--checkpoint-every", "2", "--evaluate-every", "100"];
const train = (folder: string, pictures = "none") =>
  runCommand([...options, ...often, "--pictures", pictures, "--out", folder]);

const real = { open: promises.open, openSync: fs.openSync, writeSync: fs.writeSync };

const fault = (code: string): Error =>
  Object.assign(new Error(`${code}: injected, write`), { code, errno: -1, syscall: "write" });

/** Lets `codeOf` decide of each file that is opened for writing by which error its writes fail, if any. */
function failWrites(codeOf: (path: string) => string | undefined): void {
  promises.open = async (path, flags, mode) => {
    const file = await real.open(path, flags, mode);
    const code = flags === "wx" ? codeOf(String(path)) : undefined;
    if (code) file.writeFile = () => Promise.reject(fault(code));
    return file;
  };
  syncBuiltinESMExports();
}

afterEach(() => {
  promises.open = real.open;
  fs.openSync = real.openSync;
  fs.writeSync = real.writeSync;
  syncBuiltinESMExports();
});

const whole = join(root, "whole");
beforeAll(async () => {
  const { status, stderr } = await train(whole);
  if (status !== 0) throw new Error(stderr);
});

const expectLikeWhole = (folder: string): void => {
  expect(metricsOf(folder)).toEqual(metricsOf(whole));
  expect(lastCheckpoint(folder, STEPS).equals(lastCheckpoint(whole, STEPS))).toBe(true);
};

describe("a fault while checkpoints are written", () => {
  it.each([
    ["ENOSPC", "EDQUOT"],
    ["EMFILE", "EROFS"],
  ] as const)("%s and %s that pass are told, and training goes on", async (first, second) => {
    const folder = join(root, `passes-${first}`);
    failWrites((path) =>
      path.includes("step-000000004.") ? first : path.includes("step-000000008.") ? second : undefined,
    );
    const { status, stderr } = await train(folder);
    expect(status).toBe(0);
    for (const [step, code] of [
      [4, first],
      [8, second],
    ])
      expect(stderr).toContain(
        `the checkpoint of step ${step} could not be written: ${code}: injected, write; training continues, and the next checkpoint is tried`,
      );
    expectLikeWhole(folder);
  });

  it.each([
    ["ENOSPC", "the disk is full: free some space"],
    ["EROFS", "choose another --out"],
    ["EMFILE", "too many open files: raise the limit (ulimit -n)"],
  ])(
    "%s that stays is an error at the end; the last good checkpoint is used to go on",
    async (code, hint) => {
      const folder = join(root, `stays-${code}`);
      let opened = 0;
      failWrites((path) => (path.includes("step-") && ++opened > 4 ? code : undefined)); // those of steps 0 and 2 are two files each
      const { status, stderr } = await train(folder);
      expect(status).toBe(1);
      expect(stderr).toContain(`error[${code}]: `);
      expect(stderr).toContain(`hint: ${hint}`);
      expect(stderr).toContain(`hint: flowify train --resume ${folder} continues the run\n`);
      const { checkpoint, skipped } = await latestCheckpoint(join(folder, "checkpoints"));
      expect([checkpoint.state.step, skipped]).toEqual([2, []]);
      promises.open = real.open;
      syncBuiltinESMExports();
      expect(await runCommand(["train", "--resume", folder])).toMatchObject({ status: 0 });
      expectLikeWhole(folder);
    },
  );
});

it("a disk without room for any checkpoint ends the run at the second attempt", async () => {
  const folder = join(root, "none");
  failWrites((path) => (path.includes("step-") ? "ENOSPC" : undefined));
  const { status, stderr } = await train(folder);
  expect(status).toBe(1);
  expect(stderr).toContain("the first checkpoint could not be written: ENOSPC");
  expect(stderr).toContain("free some space there, or choose another --out");
  expect(metricsOf(folder).length).toBeLessThan(STEPS);
});

it("a disk without room for a line of the metrics: the line waits, none is lost or torn", async () => {
  const folder = join(root, "lines");
  let calls = 0;
  let log: number | undefined;
  fs.openSync = (path, flags, mode) => {
    const descriptor = real.openSync(path, flags, mode);
    if (String(path).endsWith("metrics.jsonl") && flags === "a") log = descriptor;
    return descriptor;
  };
  fs.writeSync = ((descriptor: number, text: Buffer, ...rest: [never]) => {
    if (descriptor !== log) return real.writeSync(descriptor, text, ...rest);
    calls++;
    if (calls % 3 === 1) throw fault("ENOSPC");
    // half a line fits
    if (calls % 3 === 2) return real.writeSync(descriptor, text.subarray(0, text.length >> 1));
    return real.writeSync(descriptor, text, ...rest);
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
  expect(await train(folder)).toMatchObject({ status: 0 });
  expect(calls).toBeGreaterThan(STEPS);
  expect(metricsOf(folder)).toEqual(metricsOf(whole));
});

it("pictures that cannot be written are told and missed, nothing else is", async () => {
  const folder = join(root, "pictures");
  failWrites((path) => (path.includes(".png") ? "ENOSPC" : undefined));
  const { status, stderr } = await train(folder, "last");
  expect(status).toBe(0);
  expect(stderr).toContain("could not be written: ENOSPC");
  expect(existsSync(join(folder, "samples.png"))).toBe(false);
  expectLikeWhole(folder);
});

it("a folder that is removed ends the run at once", async () => {
  const folder = join(root, "removed");
  failWrites((path) => {
    if (!path.includes("step-000000004")) return undefined;
    rmSync(folder, { recursive: true });
    return "ENOENT";
  });
  const { status, stderr } = await train(folder);
  expect(status).toBe(1);
  expect(stderr).toContain(
    `error[CHECKPOINT]: ${folder}: the checkpoint of step 4 cannot be written: ENOENT`,
  );
  expect(stderr).toContain("hint: the folder may have been moved or removed");
});

it("a folder that cannot be made says so before anything is computed", async () => {
  const { status, stderr } = await train(join("/proc/self", "run"));
  expect(status).toBe(1);
  expect(stderr).toMatch(/error\[E[A-Z]+\]: .*mkdir '\/proc\/self\/run'\n +hint: /);
});

it("a clock that jumps, as while a laptop sleeps, changes the times and nothing else", async () => {
  const folder = join(root, "sleep");
  const now = performance.now.bind(performance);
  let asked = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    asked++;
    return asked > 90 ? 5000 : now() + (asked > 30 ? 8 * 3600_000 : 0); // ahead by a night; then it stands still
  });
  const { status } = await train(folder);
  clock.mockRestore();
  expect(status).toBe(0);
  expect(asked).toBeGreaterThan(100);
  expectLikeWhole(folder);
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  for (const line of lines) expect(Object.values(JSON.parse(line) as object)).not.toContain(null);
});

it("data that change while a run goes on leave it as it is; it does not go on from others", async () => {
  const [folder, moved] = [join(root, "data-changed"), join(root, "moved")];
  cpSync(data, moved, { recursive: true });
  const images = join(moved, "train-images-idx3-ubyte");
  let changed = false;
  failWrites((path) => {
    if (changed || !path.includes("step-000000004")) return undefined;
    changed = true;
    const bytes = readFileSync(images);
    bytes[bytes.length - 1]! ^= 1;
    fs.writeFileSync(images, bytes);
    return undefined;
  });
  const args = options.with(2, moved);
  expect(await runCommand([...args, ...often, "--pictures", "none", "--out", folder])).toMatchObject({
    status: 0,
  });
  expectLikeWhole(folder);
  const resumed = await runCommand(["train", "--resume", folder]);
  expect(resumed.status).toBe(2);
  expect(resumed.stderr).toContain("train-images-idx3-ubyte has changed");
  rmSync(images);
  const without = await runCommand(["train", "--resume", folder]);
  expect(without.status).toBe(2);
  expect(without.stderr).toContain("train-images-idx3-ubyte");
});

it("a run without a whole checkpoint begins again as its hint says", async () => {
  const folder = join(root, "none-whole");
  const saved = join(folder, "checkpoints");
  fs.cpSync(whole, folder, { recursive: true });
  for (const path of await listCheckpoints(saved)) fs.truncateSync(path.replace(/json$/, "safetensors"), 9);
  const { status, stderr } = await runCommand(["train", "--resume", folder]);
  expect(status).toBe(1);
  expect(stderr).toContain(
    `hint: no checkpoint is whole: remove ${saved}, and flowify train --resume ${folder} begins the run again\n`,
  );
  rmSync(saved, { recursive: true });
  expect(await runCommand(["train", "--resume", folder])).toMatchObject({ status: 0 });
  expectLikeWhole(folder);
});

it("no checkpoint is used with a byte flipped, at two hundred places", async () => {
  const folder = join(whole, "checkpoints");
  const [newest = ""] = await listCheckpoints(folder);
  const path = newest.replace(/json$/, "safetensors");
  const good = readFileSync(path);
  let state = 7;
  for (let i = 0; i < 200; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const bad = Buffer.from(good);
    bad[state % bad.length]! ^= 1 << (state >>> 29);
    fs.writeFileSync(path, bad);
    await expect(readCheckpoint(newest)).rejects.toBeInstanceOf(CheckpointError);
    if (i % 50 !== 0) continue;
    const { checkpoint, skipped } = await latestCheckpoint(folder);
    expect([checkpoint.state.step, skipped.length]).toEqual([STEPS - 2, 1]);
  }
  fs.writeFileSync(path, good);
});
