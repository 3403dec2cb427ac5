import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const side = 4;
/** Noise, brighter in the row that the label (0 to 9) says. */
const marked = (count: number): Uint8Array =>
  noise(count, side).map((value, i) => {
    const label = Math.floor(i / (side * side)) % 10;
    return (value >> 2) + (i % (side * side) === label ? 190 : 0);
  });
const data = writeIdxFolder(join(root, "images"), { train: 600, test: 100, side, images: marked });
const network = join(root, "net.json");
const run = join(root, "run");

beforeAll(async () => {
  writeFileSync(
    network,
    JSON.stringify({
      inShape: [1, side, side],
      layers: [
        { kind: "dequantize" },
        { kind: "flatten" },
        { kind: "whiten" },
        { kind: "conditionalAffine", hidden: 16 },
        { kind: "coupling", stack: 2, hidden: 16 },
      ],
    }),
  );
  const flags = ["--steps", "150", "--batch", "64", "--lr", "0.01", "--pictures", "last", "--quiet"];
  const { status, stderr } = await runCommand([
    "train",
    "--data",
    data,
    "--network",
    network,
    "--condition",
    "label",
    "--out",
    run,
    "--seed",
    "7",
    ...flags,
  ]);
  if (status !== 0) throw new Error(stderr);
});

it("a run with --condition label classifies by the likelihood of each class", async () => {
  const { status, stdout } = await runCommand(["evaluate", run, "--json"]);
  expect(status).toBe(0);
  const { classified } = JSON.parse(stdout);
  expect(classified.of).toBe(100);
  expect(classified.right).toBeGreaterThan(90);
});

it("sample --condition draws images of a class, the grid a class in each row without it", async () => {
  const brightest = async (label: string): Promise<string> => {
    const out = join(root, `class-${label}.png`);
    const { status } = await runCommand([
      "sample",
      run,
      "--condition",
      label,
      "--count",
      "4",
      "--out",
      out,
      "--quiet",
    ]);
    expect(status).toBe(0);
    return (await sharp(out).raw().toBuffer()).toString("base64");
  };
  expect(await brightest("0")).not.toBe(await brightest("9"));
  const { status, stdout } = await runCommand(["sample", run, "--json", "--out", join(root, "all.png")]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).count).toBe(150);
});

it("goes on from its checkpoint with the same condition", async () => {
  const { status, stdout } = await runCommand(["train", "--resume", run, "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).step).toBe(150);
});

it.each([
  [
    "a class that there is none of",
    ["sample", run, "--condition", "10"],
    "--condition 10: expected a class from 0 to 9",
  ],
  ["another condition", ["train", "--data", data, "--condition", "name"], "label"],
])("refuses %s", async (_, args, text) => {
  await expectRefusal(args, 2, text);
});

it("refuses data without labels", async () => {
  const bare = writeIdxFolder(join(root, "bare"), { train: 64, test: 16, side });
  for (const name of ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"]) rmSync(join(bare, name));
  await expectRefusal(
    ["train", "--data", bare, "--network", network, "--condition", "label", "--out", join(root, "none")],
    2,
    "has no labels, expected two classes at least",
  );
});
