import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostArray } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { writeCheckpoint } from "../src/checkpoint.js";
import { hashBytes } from "../src/data/image-set.js";
import type { RunConfig } from "../src/format/config.js";
import { squares, writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { exampleConfig } from "./run/example-config.js";
import { spawnCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const float32 = "float32" as HostArray["dtype"];
const data = writeIdxFolder(join(root, "images"));
const hash = hashBytes(squares(64, 28));
let made = 0;

type FakeRun = { checkpoint?: boolean; network?: string; config?: Partial<RunConfig> };

/** The folder of a run that has a configuration and, where asked for, a small checkpoint. */
async function fakeRun({ checkpoint = false, network = "mnist/fmlp", config = {} }: FakeRun = {}) {
  const folder = join(root, `run-${made++}`);
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  const recorded = { ...exampleConfig.data, name: data, items: 64, hash };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...exampleConfig, data: recorded, ...config }));
  if (checkpoint) {
    const arrays = { drift: new HostArray(new Float32Array(8), [8], float32) };
    await writeCheckpoint(join(folder, "checkpoints"), {
      network,
      state: { arrays, step: 3, seed: 7 },
      metrics: [],
    });
  }
  return folder;
}

const checkpointFile = (run: string, ending: string): string =>
  join(run, "checkpoints", `step-000000003.${ending}`);

describe("what the user wrote ends with status 2", () => {
  it.each<[string[], string]>([
    [["trian"], 'error[USAGE]: unknown command "trian"; did you mean "train"?'],
    [["publish"], 'error[USAGE]: unknown command "publish"'],
    [["train", "--epchs", "3"], "error[USAGE]: unknown flag --epchs; did you mean --epochs?"],
    [["train", "-x"], "error[USAGE]: unknown flag -x"],
    [["train", "--steps"], "error[USAGE]: --steps needs a value"],
    [["train", "--steps", "--batch", "3"], "error[USAGE]: --steps needs a value, found --batch"],
    [["train", "--steps", "2", "--steps", "3"], 'error[USAGE]: --steps is given twice, "2" and "3"'],
    [["train", "extra"], 'error[USAGE]: unexpected argument "extra"'],
    [["train", "--device", "gpu"], 'error[USAGE]: --device "gpu": expected auto or native or webgpu or wasm'],
    [["train", "--batch", "0"], 'error[USAGE]: --batch "0": expected a positive whole number'],
    [["train", "--batch", "12.5"], 'error[USAGE]: --batch "12.5": expected a positive whole number'],
    [["train", "--steps", "many"], 'error[USAGE]: --steps "many": expected a positive whole number'],
    [["train", "--limit", "0"], 'error[USAGE]: --limit "0": expected a positive whole number'],
    [["train", "--seed", "1e99"], 'error[USAGE]: --seed "1e99": expected a whole number from 0 on'],
    [["train", "--lr", "0"], 'error[USAGE]: --lr "0": expected a positive number'],
    [["train", "--lr", "NaN"], 'error[USAGE]: --lr "NaN": expected a positive number'],
    [["train", "--lr", "Infinity"], 'error[USAGE]: --lr "Infinity": expected a positive number'],
    [["train", "--ema", "1"], 'error[USAGE]: --ema "1": expected a number from 0 to below 1'],
    [["train", "--out", ""], 'error[USAGE]: --out "": expected a name, got an empty text'],
    [
      ["train", "--network", "fmpl"],
      'error[USAGE]: unknown network "fmpl"; did you mean "fmlp"? Known: mnist/fmlp',
    ],
    [
      ["train", "--network", "mnist/fconv2", "--recipe", "mnist/fconv"],
      'error[USAGE]: unknown recipe "mnist/fconv"; did you mean "mnist/fconv1"?',
    ],
    [["train", "--network", "./absent.json"], "error[DATA]: ./absent.json: no such file"],
    [["train", "--pictures", "all"], 'error[USAGE]: --pictures "all": expected each or last or none'],
    [
      ["train", "--evaluate-every", "0"],
      'error[USAGE]: --evaluate-every "0": expected a positive whole number',
    ],
    [["train", "--validation", "60000"], "error[USAGE]: --validation 60000 leaves nothing to train on"],
    [["train", "--warmup", "-1"], "error[USAGE]: "],
    [
      ["evaluate", "x", "--split", "dev"],
      'error[USAGE]: --split "dev": expected train or validation or test',
    ],
    [["train", "--data", "mnits"], 'error[USAGE]: unknown data set "mnits"; did you mean "mnist"?'],
    [["train", "--steps", "3", "--epochs", "1"], "error[USAGE]: --epochs and --steps exclude each other"],
    [["evaluate"], "error[USAGE]: the argument DIR is missing"],
    [["evaluate", "/nowhere/at-all"], "error[USAGE]: /nowhere/at-all: no such folder"],
    [["sample", "x", "--mode", "median"], 'error[USAGE]: --mode "median": expected sample or mean'],
    [
      ["sample", "x", "--temperature", "warm"],
      'error[USAGE]: --temperature "warm": expected a number from 0 on',
    ],
    [["inspect", "fconv9"], 'error[USAGE]: unknown network "fconv9"'],
  ])("flowify %j", (args, message) => expectRefusal(args, 2, message, "\n"));

  it("points to the help of the command", () =>
    expectRefusal(["evaluate", "x", "--splt", "train"], 2, "hint: flowify evaluate --help shows its flags"));

  it("an output folder that holds another run, foreign files, or is a file", async () => {
    const run = await fakeRun();
    const before = readFileSync(join(run, "config.json"), "utf8");
    await expectRefusal(
      ["train", "--data", data, "--out", run],
      2,
      `error[USAGE]: ${run} holds another run`,
      "--resume",
    );
    expect(readFileSync(join(run, "config.json"), "utf8")).toBe(before);
    await expectRefusal(["train", "--data", data, "--out", data], 2, "is not empty", "and holds no run");
    await expectRefusal(
      ["train", "--out", join(run, "config.json")],
      2,
      "a file, expected a folder for the run",
    );
  });

  it("a run to resume that is none, or flags that the run decides", async () => {
    await expectRefusal(
      ["train", "--resume", data],
      2,
      `error[USAGE]: ${data} holds no run (no config.json)`,
    );
    const args = ["train", "--resume", await fakeRun(), "--epochs", "9"];
    await expectRefusal(args, 2, "error[USAGE]: --epochs cannot be given with --resume");
  });

  it("a configuration that is damaged", async () => {
    const run = await fakeRun();
    truncateSync(join(run, "config.json"), 20);
    await expectRefusal(["evaluate", run], 2, `error[DATA]: ${join(run, "config.json")}: not JSON`);
  });

  it("training images that are no longer those of the run", async () => {
    const run = await fakeRun({ config: { data: { ...exampleConfig.data, name: data, items: 64 } } });
    await expectRefusal(["train", "--resume", run], 2, "error[DATA]", "are not those that the run in");
  });
});

describe("what failed ends with status 1", () => {
  it("a checkpoint cut short, with a flipped byte, of another version or network, or none at all", async () => {
    const cut = await fakeRun({ checkpoint: true });
    truncateSync(checkpointFile(cut, "safetensors"), 100);
    await expectRefusal(
      ["evaluate", cut],
      1,
      "error[CHECKPOINT]",
      "cut short: 100 bytes",
      "hint: use an older",
    );

    const flipped = await fakeRun({ checkpoint: true });
    const bytes = readFileSync(checkpointFile(flipped, "safetensors"));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(checkpointFile(flipped, "safetensors"), bytes);
    await expectRefusal(["sample", flipped], 1, "error[CHECKPOINT]", "damaged: its sha256 is not the one in");

    const newer = await fakeRun({ checkpoint: true });
    const text = readFileSync(checkpointFile(newer, "json"), "utf8");
    writeFileSync(checkpointFile(newer, "json"), text.replace('"version": 2', '"version": 9'));
    await expectRefusal(
      ["reconstruct", newer],
      1,
      "a checkpoint of version 9, this flowify reads versions 1 and 2",
    );

    const foreign = await fakeRun({ checkpoint: true, network: "mnist/other" });
    await expectRefusal(["inspect", foreign], 1, "a checkpoint of network mnist/other, expected mnist/fmlp");

    await expectRefusal(["evaluate", await fakeRun()], 1, "error[CHECKPOINT]", "no checkpoint");
  });
});

/** The status of a process and what it said. */
const ended = (child: ReturnType<typeof spawnCommand>): Promise<{ status: number | null; stderr: string }> =>
  new Promise((resolve) => {
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (status) => resolve({ status, stderr }));
  });

describe("the command as a process", () => {
  it("ends with the status and says why on standard error", async () => {
    expect(await ended(spawnCommand(["evalute"]))).toEqual({
      status: 2,
      stderr:
        'error[USAGE]: unknown command "evalute"; did you mean "evaluate"?\n  hint: flowify --help lists the commands\n',
    });
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const child = spawnCommand(["train", "--help"]);
    child.stdout.destroy();
    expect(await ended(child)).toEqual({ status: 0, stderr: "" });
  });
});
