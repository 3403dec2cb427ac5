import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { readRunConfig, writeRunConfig } from "../../src/runs/config-file.js";
import { makeFolder, openRunFolder, writeFiles } from "../../src/runs/folder.js";
import { lockRun } from "../../src/runs/lock.js";
import { temporaryFolder } from "../temporary-folder.js";
import { exampleConfig } from "./example-config.js";

const root = temporaryFolder();
let made = 0;
const freshFolder = (): string => join(root, `run-${made++}`);

async function folderWithRun(): Promise<string> {
  const folder = freshFolder();
  const run = await openRunFolder(folder);
  await writeRunConfig(run.config, exampleConfig);
  writeFileSync(run.metrics, '{"step":1}\n');
  writeFileSync(join(folder, "notes.txt"), "mine");
  run.release();
  return folder;
}

const refusal = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UsageError);
  return (error as Error).message;
};

/** Makes folders 0, 1, … in the folder that it is given, as long as it lives. */
const OTHER_MAKER = `
  const { mkdirSync } = require("node:fs");
  process.stdout.write("ready\\n");
  for (let i = 0; i < 5000; i++)
    try { mkdirSync(process.argv[1] + "/" + i); } catch {}`;

describe("makeFolder", () => {
  it("makes a folder that another process makes at the same time", async () => {
    const place = freshFolder();
    makeFolder(place);
    const other = spawn(process.execPath, ["-e", OTHER_MAKER, place]);
    await once(other.stdout, "data");
    // whichever process is behind finds folders, which is faster than to make them: the two stay together
    for (let i = 0; i < 5000; i++) makeFolder(join(place, String(i)));
    await once(other, "exit");
    expect(readdirSync(place)).toHaveLength(5000);
  });

  it("refuses a file, and a link to nothing, in place of a folder", () => {
    const file = join(freshFolder(), "deep", "file");
    makeFolder(join(file, ".."));
    writeFileSync(file, "");
    expect(() => makeFolder(join(file, "folder"))).toThrow("ENOTDIR");
    symlinkSync("nowhere", `${file}-link`);
    expect(() => makeFolder(`${file}-link`)).toThrow("EEXIST");
  });
});

describe("writeFiles", () => {
  it("leaves nothing where it fails, except what another process wrote", async () => {
    const place = freshFolder();
    makeFolder(place);
    const fail = (foreign?: string) =>
      writeFiles(join(place, "new", "deep"), async (write) => {
        await write("a", "1");
        if (foreign) writeFileSync(join(place, "new", foreign), "");
        throw new Error("full");
      });
    await expect(fail()).rejects.toThrow("full");
    expect(readdirSync(place)).toEqual([]);
    await expect(fail("foreign")).rejects.toThrow("full");
    expect(readdirSync(join(place, "new"))).toEqual(["foreign"]);
  });
});

describe("openRunFolder", () => {
  it("makes a folder, holds its lock, and gives it back", async () => {
    const folder = freshFolder();
    const run = await openRunFolder(folder);
    expect(readdirSync(folder).sort()).toEqual(["checkpoints", "run.lock"]);
    expect(await refusal(openRunFolder(folder))).toContain(
      `${folder} is in use by process ${process.pid} since`,
    );
    expect(() => readRunConfig(folder)).toThrow("is in use by process"); // it has not written its configuration yet
    run.release();
    expect(existsSync(join(folder, "run.lock"))).toBe(false);
  });

  it("refuses another run unless told to resume or to replace it", async () => {
    const folder = await folderWithRun();
    expect(await refusal(openRunFolder(folder))).toBe(
      `${folder} holds another run\ncontinue it with --resume ${folder}, replace it with --force, or choose another --out`,
    );
    expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe('{"step":1}\n');
    (await openRunFolder(folder, { resume: true })).release();
    expect(existsSync(join(folder, "metrics.jsonl"))).toBe(true);
    (await openRunFolder(folder, { force: true })).release();
    expect(readdirSync(folder).sort()).toEqual(["checkpoints", "notes.txt"]);
  });

  it("refuses to write among foreign files, into a file, or to resume what is no run", async () => {
    const foreign = freshFolder();
    mkdirSync(foreign);
    writeFileSync(join(foreign, "thesis.tex"), "");
    expect(await refusal(openRunFolder(foreign))).toContain("is not empty (thesis.tex) and holds no run");
    (await openRunFolder(foreign, { force: true })).release();
    expect(await refusal(openRunFolder(join(foreign, "thesis.tex")))).toContain("a file, expected a folder");
    expect(await refusal(openRunFolder(foreign, { resume: true }))).toContain(
      "holds no run (no config.json)",
    );
    expect(await refusal(openRunFolder(freshFolder(), { resume: true }))).toContain("no such folder");
  });
});

describe("a run that was killed before its configuration was written", () => {
  /** What such a run leaves: its lock too, whose holder has ended. */
  const beginnings = (): string => {
    const folder = freshFolder();
    mkdirSync(join(folder, "checkpoints"), { recursive: true });
    for (const name of [
      "metrics.jsonl",
      "weights.safetensors",
      "original.onnx",
      ".config.json.0123456789ab.tmp",
    ])
      writeFileSync(join(folder, name), name === "metrics.jsonl" ? "" : "x");
    writeFileSync(
      join(folder, "run.lock"),
      JSON.stringify({ pid: deadPid(), host: hostname(), started: "then", processStart: null, token: "t" }),
    );
    return folder;
  };

  it("is begun again", async () => {
    const folder = beginnings();
    expect(await refusal(openRunFolder(folder, { resume: true }))).toBe(
      `${folder} holds a run that stopped before its first step\nstart it again with the same command`,
    );
    (await openRunFolder(folder)).release();
    expect(readdirSync(folder)).toEqual(["checkpoints"]);
  });

  it.each([
    ["a file of the user", "notes.txt", "mine"],
    ["metrics with a line", "metrics.jsonl", '{"step":1}\n'],
    ["a checkpoint", "checkpoints/step-000000003.json", "{}"],
    ["pictures", "samples.png", "x"],
  ])("is not told from %s", async (_, name, content) => {
    const folder = beginnings();
    writeFileSync(join(folder, name), content);
    expect(await refusal(openRunFolder(folder))).toContain("and holds no run");
    expect(readFileSync(join(folder, name), "utf8")).toBe(content);
    expect(existsSync(join(folder, "weights.safetensors"))).toBe(true);
  });
});

it("a folder in use says so whatever lies in it already", async () => {
  const folder = freshFolder();
  const run = await openRunFolder(folder);
  writeFileSync(run.metrics, "");
  for (const options of [{}, { force: true }, { resume: true }])
    expect(await refusal(openRunFolder(folder, options))).toContain("is in use by process");
  await writeRunConfig(run.config, exampleConfig);
  expect(await refusal(openRunFolder(folder))).toContain("is in use by process");
  run.release();
});

/** The number of a process that has ended. */
const deadPid = (): number => spawnSync("true").pid;

describe("lockRun", () => {
  const holder = (fields: object) =>
    JSON.stringify({
      pid: process.pid,
      host: hostname(),
      started: "then",
      processStart: null,
      token: "t",
      ...fields,
    });

  it.each([
    ["a process that has ended", () => holder({ pid: deadPid() })],
    ["another process that got its number", () => holder({ processStart: "1" })],
    ["nobody: the file is damaged", () => '{"pid":'],
  ])("takes over the lock of %s", (_, content) => {
    const folder = freshFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "run.lock"), content());
    const lock = lockRun(folder);
    expect(JSON.parse(readFileSync(lock.path, "utf8")).pid).toBe(process.pid);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps the lock of another machine, and names the file to remove", () => {
    const folder = freshFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "run.lock"), holder({ pid: deadPid(), host: "elsewhere" }));
    expect(() => lockRun(folder)).toThrow(
      /on elsewhere since then\nif it no longer runs, remove .*run\.lock/,
    );
  });

  it("does not give back a lock that is no longer its own", () => {
    const folder = freshFolder();
    mkdirSync(folder);
    const lock = lockRun(folder);
    writeFileSync(lock.path, holder({ token: "another" }));
    lock.release();
    expect(existsSync(lock.path)).toBe(true);
  });

  it("lets one of several processes in", async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "run.lock"), holder({ pid: deadPid() }));
    const locks = Array.from({ length: 8 }, () => {
      try {
        return lockRun(folder);
      } catch {
        return undefined;
      }
    });
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
    locks.find((lock) => lock !== undefined)?.release();
  });
});

describe("config.json", () => {
  it("is read back as it was written", async () => {
    expect(readRunConfig(await folderWithRun())).toEqual(exampleConfig);
  });

  it("of another version is refused by its number", async () => {
    const folder = await folderWithRun();
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...exampleConfig, version: 2 }));
    expect(() => readRunConfig(folder)).toThrow("version: expected 3, found 2");
  });

  it.each([
    ["not JSON", "{", "config.json: not JSON"],
    ["of another kind", '{"format":"other"}', "config.json: not the configuration of a run: format:"],
    [
      "with zero steps",
      JSON.stringify({ ...exampleConfig, training: { ...exampleConfig.training, steps: 0 } }),
      "training.steps: ",
    ],
    ["with a field that is not known", JSON.stringify({ ...exampleConfig, extra: 1 }), "extra"],
  ])("is refused when it is %s", async (_, content, message) => {
    const folder = await folderWithRun();
    writeFileSync(join(folder, "config.json"), content);
    expect(() => readRunConfig(folder)).toThrow(message);
  });
});
