import { spawn } from "node:child_process";
import { openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { bin, spawnCommand } from "./built-command.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { runCommand } from "./run-command.js";
import { linesOf, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const training = ["--data", data, "--network", network, "--batch", "64", "--pictures", "none"];
const run = join(root, "run");

beforeAll(async () => {
  const { status, stderr } = await runCommand([
    "train",
    ...training,
    "--steps",
    "1",
    "--out",
    run,
    "--quiet",
  ]);
  if (status !== 0) throw new Error(stderr);
});

type End = { status: number | null; signal: NodeJS.Signals | null; stderr: string };

/** How a process ended and what it said. */
const ended = (child: ReturnType<typeof spawnCommand>): Promise<End> =>
  new Promise((resolve) => {
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (status, signal) => resolve({ status, signal, stderr }));
  });

describe("the command as a process", () => {
  it.each([
    ["from its sources", fileURLToPath(new URL("../bin/flowify.js", import.meta.url))],
    ["as it is installed", bin],
  ])("ends with the status and says why on standard error: %s", async (_, script) => {
    const child = spawn(process.execPath, [script, "evalute"], { stdio: ["ignore", "pipe", "pipe"] });
    expect(await ended(child)).toEqual({
      status: 2,
      signal: null,
      stderr:
        'error[USAGE]: unknown command "evalute"; did you mean "evaluate"?\n  hint: flowify --help lists the commands\n',
    });
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const child = spawnCommand(["train", "--help"]);
    child.stdout.destroy();
    expect(await ended(child)).toEqual({ status: 0, signal: null, stderr: "" });
  });

  it("does so while it computes", async () => {
    const many = writeIdxFolder(join(root, "many"), { train: 4000, test: 4, side: 8, images: noise });
    const child = spawnCommand(["score", run, "--data", many, "--split", "train", "--samples", "20"]);
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended(child)).toEqual({ status: 0, signal: null, stderr: "" });
  });

  it.each([
    ["a document", ["inspect", "mnist/fmlp", "--json"]],
    ["scores", ["score", run, "--device", "jax", "--quiet"]],
  ])("says on one line that %s found no room", async (_, args) => {
    const child = spawnCommand(args, openSync("/dev/full", "w"));
    const { status, stderr } = await ended(child);
    expect(stderr).toMatch(/error\[ENOSPC\]: standard output: ENOSPC: .*\n {2}hint: the disk is full: .*\n$/);
    expect(stderr).not.toContain("    at ");
    expect(status).toBe(1);
  });

  it("refuses a picture that does not fit into memory, and says how many images do", async () => {
    const { status, stderr } = await runCommand(["sample", run, "--count", "1e9", "--device", "jax"]);
    expect(stderr).toMatch(
      /^error\[MEMORY\]: a picture of 1,000,000,000 images needs about [\d.e+]+ GiB of memory, .*\n {2}hint: [\d,]+ fit\n$/,
    );
    expect(status).toBe(2);
  });

  it("ends a training in order when its terminal is closed", async () => {
    const folder = join(root, "closed");
    const child = spawnCommand(["train", ...training, "--steps", "100000", "--out", folder]);
    const end = ended(child);
    while (linesOf(folder) < 2) await setTimeout(5);
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    expect(await end).toMatchObject({ status: 129, signal: null });
    const last = metricsOf(folder).at(-1)?.step as number;
    expect(readdirSync(join(folder, "checkpoints"))).toContain(
      `step-${String(last).padStart(9, "0")}.safetensors`,
    );
    expect(readdirSync(folder)).not.toContain("run.lock");
  });
});
