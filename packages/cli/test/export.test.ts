import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostArray } from "@flowify/core";
import { beforeAll, expect, it } from "vitest";
import { latestCheckpoint, writeCheckpoint } from "../src/runs/saved-checkpoints.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const out = join(root, "exported");

beforeAll(async () => {
  const { data, network } = writeSmallData(root, "convolution");
  const what = ["--data", data, "--network", network, "--batch", "64", "--steps", "2", "--pictures", "none"];
  const { status, stderr } = await runCommand(["train", ...what, "--out", run]);
  if (status !== 0) throw new Error(stderr);
});

it("writes the files, tries each, and describes them", async () => {
  const { status, stdout } = await runCommand(["export", run, "--out", out, "--json"]);
  expect(status).toBe(0);
  const { programs, opset, examples, folder } = JSON.parse(stdout);
  expect({ opset, examples, folder }).toEqual({
    opset: 20,
    examples: { shape: [1, 8, 8], levels: 256 },
    folder: out,
  });
  const names = programs.map(({ name }: { name: string }) => name);
  for (const name of ["log-prob", "encode", "decode", "sample"]) expect(names).toContain(name);
  const files = ["flowify.json", ...names.map((name: string) => `${name}.onnx`)];
  expect(new Set(readdirSync(out))).toEqual(new Set(files));
  for (const { name, file, bytes, inputs, largestDifference } of programs) {
    expect(statSync(join(out, file)).size).toBe(bytes);
    expect(inputs[0].shape[0]).toBe(name === "sample-drawing" ? 1 : "batch");
    expect(name.endsWith("-drawing") || largestDifference < 1e-4).toBe(true);
  }
  expect(JSON.parse(readFileSync(join(out, "flowify.json"), "utf8")).programs).toEqual(programs);
});

it("writes over an earlier export only where asked to", async () => {
  const again = await runCommand(["export", run, "--out", out]);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain(`--out ${out}: ${join(out, "flowify.json")}: exists already`);
  const written = (): Buffer => readFileSync(join(out, "log-prob.onnx"));
  expect(written().includes("portable")).toBe(true);
  const forced = await runCommand(["export", run, "--out", out, "--force", "--target", "ort-cpu"]);
  expect(forced.status).toBe(0);
  expect(written().includes("portable")).toBe(false);
  expect(written().includes("ort-cpu")).toBe(true);
  expect(forced.stdout).toMatch(/^\d files in .*, ONNX opset 20, batches of any size/);
});

it.each(["sample", "train"])(
  "names the checkpoint and the array that has another shape: %s",
  async (command) => {
    const folder = join(root, `spoilt-${command}`);
    cpSync(run, folder, { recursive: true });
    const checkpoints = join(folder, "checkpoints");
    const { checkpoint, path } = await latestCheckpoint(checkpoints);
    const { arrays } = checkpoint.state;
    const [name, { data, shape, dtype }] = Object.entries(arrays).find(
      ([key, array]) =>
        key.startsWith("params.") && array.shape.length === 2 && array.shape[0] !== array.shape[1],
    )!;
    const turned = new HostArray(data, [...shape].reverse(), dtype);
    const state = { ...checkpoint.state, arrays: { ...arrays, [name]: turned } };
    await writeCheckpoint(checkpoints, { ...checkpoint, state });
    const args = command === "sample" ? [folder, "--count", "1"] : ["--resume", folder];
    const { status, stderr } = await runCommand([command, ...args]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      `error[CHECKPOINT]: ${path}: the checkpoint's "${name}" is [${turned.shape.join(", ")}], the network needs [${shape.join(", ")}]`,
    );
  },
);

it("leaves nothing of an export that fails, and all that was there before", async () => {
  const folder = join(root, "failed");
  mkdirSync(join(folder, "flowify.json"), { recursive: true });
  writeFileSync(join(folder, "encode.onnx"), "older");
  const { status, stderr } = await runCommand(["export", run, "--out", folder, "--force"]);
  expect(status).not.toBe(0);
  expect(stderr).toContain(join(folder, "flowify.json"));
  expect(readdirSync(folder).sort()).toEqual(["encode.onnx", "flowify.json"]);
});

it("says what a folder without a run lacks", async () => {
  const unused = join(root, "x");
  const { status, stderr } = await runCommand(["export", root, "--out", unused]);
  expect(status).toBe(2);
  expect(stderr).toContain("config.json");
  expect(existsSync(unused)).toBe(false);
  const file = join(run, "config.json");
  const onFile = await runCommand(["export", run, "--out", file]);
  expect(onFile.status).toBe(2);
  expect(onFile.stderr).toContain(`--out ${file}: a file, expected a folder`);
});
