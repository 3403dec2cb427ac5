import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
let said = { status: -1, stdout: "", stderr: "" };
let quiet = said;

beforeAll(async () => {
  // 256 images: the first epoch ends with step 3, one before the run does
  const { data, network } = writeSmallData(root);
  const options = ["--data", data, "--network", network, "--steps", "4", "--batch", "96"];
  const more = ["--checkpoint-every", "1", "--pictures", "none"];
  said = await runCommand(["train", ...options, ...more, "--out", run]);
  quiet = await runCommand(["train", ...options, ...more, "--out", join(root, "quiet"), "--quiet"]);
});

const LIKELIHOOD =
  /^\d\.\d{3} ± \d\.\d{3} bits per dimension on 40 test images of images, an upper bound in expectation\n$/;

it("train: says each measurement once, and when it was", () => {
  expect(said.status).toBe(0);
  const lines = said.stderr.split("\n").filter((line) => line.includes("bits per dimension"));
  const measured = lines.filter((line) => !line.startsWith("warning"));
  expect(measured.map((line) => line.split(":")[0])).toEqual(["epoch 1", "step 4"]);
});

it("train and evaluate: when quiet, the likelihood alone", async () => {
  // what no step has made better than knowing nothing is said all the same
  const warning = /^warning: \d\.\d{3} bits per dimension is more than the 8\.000 .*\n$/;
  expect(quiet).toEqual({
    status: 0,
    stdout: expect.stringMatching(LIKELIHOOD),
    stderr: expect.stringMatching(warning),
  });
  const evaluated = await runCommand(["evaluate", run, "--quiet"]);
  expect(evaluated).toEqual({ status: 0, stdout: expect.stringMatching(LIKELIHOOD), stderr: "" });
});

it("train: leaves the last state and the one before it, but not that of the start", async () => {
  const kept = (folder: string): string[] =>
    readdirSync(join(folder, "checkpoints"))
      .filter((name) => name.endsWith(".json"))
      .sort();
  expect(kept(run)).toEqual(["step-000000003.json", "step-000000004.json"]);
  const short = join(root, "short");
  const { data, network } = writeSmallData(root);
  const options = ["--data", data, "--network", network, "--steps", "1", "--pictures", "none"];
  await runCommand(["train", ...options, "--out", short, "--quiet"]);
  expect(kept(short)).toEqual(["step-000000001.json"]);
});
