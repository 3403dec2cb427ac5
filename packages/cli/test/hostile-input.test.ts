/** Files that a terminal would obey, and files that never end: both are refused on one line each, at once. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSafetensors, HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { npyBytes, ramp } from "./data/npy-files.js";
import { pngBytes } from "./data/picture-files.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data } = writeSmallData(root);
let made = 0;
const folder = (): string => {
  const path = join(root, `case-${made++}`);
  mkdirSync(path);
  return path;
};
const place = (name: string, content: string | Uint8Array): string => {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
};
const convert = (...args: readonly string[]) => ["convert", "--out", join(root, "converted"), ...args];
const train = (...args: readonly string[]) => [
  "train",
  "--batch",
  "8",
  "--steps",
  "1",
  "--out",
  join(root, "out"),
  ...args,
];

/** Clears a screen, sets the title of a window, forges a message. */
const HOSTILE = "\u001b[2J\u001b]0;mine\u0007\nerror[forged]: all is well\u009b5m";

const holder = { pid: 1, host: `elsewhere${HOSTILE}`, started: HOSTILE, processStart: null, token: "t" };

const written: readonly [what: string, args: () => readonly string[] | Promise<readonly string[]>][] = [
  ["an operator of an ONNX file", () => convert(writeOnnx(folder(), "a", [[HOSTILE, ["x"], "y"]]))],
  [
    "a value of an ONNX file",
    () => convert(writeOnnx(folder(), "a", [["Atan", ["x"], HOSTILE]]), "--grain", "layer"),
  ],
  [
    "a kind of layer",
    () => ["inspect", place("a.json", JSON.stringify({ inShape: [1, 8, 8], layers: [{ kind: HOSTILE }] }))],
  ],
  [
    "an array of weights",
    () => {
      const layers = [{ kind: "linear", out: 2, weights: { weight: "w" } }];
      const path = place("a.json", JSON.stringify({ weights: "w.safetensors", inShape: [2], layers }));
      const bytes = encodeSafetensors({ [HOSTILE]: new HostArray(new Float32Array(4), [4], np.float32) });
      writeFileSync(join(path, "..", "w.safetensors"), bytes.subarray(0, -1));
      return convert(path);
    },
  ],
  [
    "the type of a NumPy file",
    () => train("--data", place("a.npy", npyBytes([4, 2, 2], ramp(16), { descr: `'${HOSTILE}'` }))),
  ],
  [
    "the name of a picture",
    async () => {
      const path = place(`a${HOSTILE.replaceAll("/", "")}.png`, await pngBytes(1, 8, 8));
      writeFileSync(join(path, "..", "b.png"), await pngBytes(1, 4, 4));
      return train("--data", join(path, ".."));
    },
  ],
  [
    "the holder of a lock",
    () => ["train", "--out", join(place("run.lock", JSON.stringify(holder)), ".."), "--data", data],
  ],
];

describe("what a terminal would obey is shown, not sent", () => {
  it.each(written)("in %s", async (_, args) => {
    const { status, stdout, stderr } = await runCommand(await args());
    expect(status).toBeGreaterThan(0);
    const codes = Array.from(`${stdout}${stderr}`.replaceAll("\n", ""), (each) => each.charCodeAt(0));
    expect(codes.filter((code) => code < 0x20 || (code >= 0x7f && code < 0xa0))).toEqual([]);
    expect(stderr).toMatch(/\\(x1b|u001b)\[2J/);
    for (const line of stderr.trimEnd().split("\n")) expect(line).not.toMatch(/^(error\[f| *hint: error\[f)/);
  });
});

const pipe = (name: string): string => {
  const path = join(folder(), name);
  spawnSync("mkfifo", [path]);
  return path;
};
const endless = (name: string): string => {
  const path = join(folder(), name);
  symlinkSync("/dev/zero", path);
  return path;
};

const neverEnding: readonly [what: string, args: () => readonly string[]][] = [
  ["a NumPy file", () => train("--data", endless("a.npy"))],
  ["an idx file", () => train("--data", pipe("a-idx3-ubyte"))],
  ["a zip archive", () => train("--data", pipe("a.zip"))],
  ["a tar archive", () => train("--data", endless("a.tar"))],
  ["a network", () => train("--network", pipe("a.json"), "--data", data)],
  ["an ONNX file", () => convert(endless("a.onnx"))],
  ["a configuration", () => ["evaluate", join(pipe("config.json"), "..")]],
  ["rules", () => convert(writeOnnx(folder(), "a", dense), "--rules", pipe("rules.mjs"))],
];

describe("what may never end is not read", () => {
  it.each(neverEnding)(
    "in the place of %s",
    async (_, args) => {
      const { status, stderr } = await runCommand(args());
      expect(stderr).toMatch(
        /: a (pipe|device|pipe or a device), expected a file\n {2}hint: copy its content/,
      );
      expect(status).toBe(2);
    },
    5_000,
  );
});
