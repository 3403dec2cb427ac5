import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BadCommand, Place } from "./bad-input.js";

const json = (run: string) => join(run, "checkpoints", "step-000000003.json");
const arrays = (run: string) => join(run, "checkpoints", "step-000000003.safetensors");

type Case = [input: string, spoil: (run: string) => void, culprit: string, remedy: string];

/** Puts other text or bytes in the place of a file. */
const edit = (path: (run: string) => string, change: (old: Buffer) => Uint8Array | string) => (run: string) =>
  writeFileSync(path(run), change(readFileSync(path(run))));
const facts = (from: RegExp, to: string) => edit(json, (old) => old.toString().replace(from, to));

const cases: readonly Case[] = [
  [
    "a checkpoint cut short",
    edit(arrays, (old) => old.subarray(0, 100)),
    "cut short: 100 bytes",
    "no checkpoint is whole: remove",
  ],
  [
    "a checkpoint with a flipped bit",
    edit(arrays, (old) => old.map((byte, i) => (i === 999 ? byte ^ 1 : byte))),
    "damaged: its sha256 differs from the one in",
    "begins the run again",
  ],
  [
    "a checkpoint without its arrays",
    (run) => rmSync(arrays(run)),
    "step-000000003.safetensors: missing",
    "begins the run again",
  ],
  [
    "a checkpoint whose JSON is cut short",
    edit(json, (old) => old.subarray(0, 50)),
    "not JSON: cut short or damaged",
    "begins the run again",
  ],
  [
    "a checkpoint that names a file outside",
    facts(/step-000000003\.safetensors/, "../../secret"),
    'refers to the file "../../secret"',
    "expected step-N.safetensors",
  ],
  [
    "a checkpoint that contradicts itself",
    facts(/"step": 3/, '"step": 4'),
    "contradict each other",
    "begins the run again",
  ],
  [
    "a checkpoint of a later version",
    facts(/"version": \d+/, '"version": 9'),
    "a checkpoint of version 9",
    "install the version of flowify that wrote it",
  ],
  [
    "a checkpoint with a key `__proto__`",
    facts(/\{/, '{"__proto__": {"step": 3},'),
    "damaged: invalid: __proto__",
    "begins the run again",
  ],
  [
    "a run without checkpoints",
    (run) => rmSync(join(run, "checkpoints"), { recursive: true }),
    "no checkpoint",
    "begins the run again",
  ],
];

/** What a run has saved. */
export const checkpoints: readonly BadCommand[] = cases.map(([input, spoil, culprit, remedy]) => ({
  input,
  args: async ({ run }: Place) => {
    const folder = await run();
    spoil(folder);
    return ["sample", folder, "--count", "1"];
  },
  status: 1,
  code: "CHECKPOINT",
  says: [culprit, remedy],
}));
