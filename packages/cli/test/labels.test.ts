import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors } from "@flowify/core";
import { toBytes } from "@flowify/onnx";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { constant, nodesOf } from "../../../test/onnx-graph.js";
import { firstImages, type ImageSet } from "../src/data/image-set.js";
import { loadExamples } from "../src/data/registry.js";
import { loadModel } from "../src/node-model.js";
import { withModel } from "../src/runs/open-run.js";
import { silentTerminal } from "../src/ui/terminal.js";
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
  expect(classified.calibrationError).toBeLessThan(0.1);
  const { width } = await sharp(join(run, "classes.png")).metadata();
  expect(width).toBeGreaterThan(300);
});

it("has normals of classes that are fitted once more at the end", async () => {
  const { tensors } = decodeSafetensors(readFileSync(join(run, "fitted.safetensors")));
  expect(Object.keys(tensors).length).toBeGreaterThan(4);
  const used = await withModel(run, {}, silentTerminal({}), async (model) => model.arrays());
  for (const [name, array] of Object.entries(tensors)) expect(used[name]).toEqual(array);
  const means = Object.keys(tensors).find((name) => name.endsWith("means")) ?? "";
  expect(tensors[means]?.shape).toEqual([40, side * side]);
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

it("learns pictures in a folder for each class, whose names are those of the classes", async () => {
  const folder = join(root, "pictures");
  const bright = ["left", "right"];
  for (const [c, name] of bright.entries()) {
    mkdirSync(join(folder, name), { recursive: true });
    const pixels = noise(60, side).map(
      (value, i) => (value >> 2) + (Math.floor((i % side) / 2) === c ? 180 : 0),
    );
    for (let i = 0; i < 60; i++)
      await sharp(Buffer.from(pixels.subarray(i * side * side, (i + 1) * side * side)), {
        raw: { width: side, height: side, channels: 1 },
      })
        .toColourspace("b-w")
        .png()
        .toFile(join(folder, name, `${i}.png`));
  }
  const own = join(root, "of-pictures");
  const how = ["--network", network, "--condition", "label", "--steps", "30", "--batch", "20", "--quiet"];
  expect((await runCommand(["train", "--data", folder, ...how, "--out", own])).status).toBe(0);
  expect(JSON.parse(readFileSync(join(own, "config.json"), "utf8")).data.reading.classes).toEqual(bright);
  const out = join(root, "right.png");
  const drawn = ["sample", own, "--out", out, "--force", "--json", "--condition"];
  expect(JSON.parse((await runCommand([...drawn, "right"])).stdout).label).toBe(1);
  await expectRefusal([...drawn, "rigth"], 2, 'did you mean "right"?');
  // the same classes under other names of folders above them, and one of them alone
  const { classified } = JSON.parse(
    (await runCommand(["evaluate", own, "--json", "--data", join(folder, "right")])).stdout,
  );
  expect(classified.of).toBe(60);
  expect(classified.right).toBeGreaterThan(50);
});

it("sample --judge counts the samples that a classifier calls the class asked for", async () => {
  // the first ten pixels: the brightest is the label
  const file = join(root, "first-ten.onnx");
  const eye = Float32Array.from({ length: 160 }, (_, i) => (Math.floor(i / 16) === i % 16 ? 0.1 : 0));
  const nodes = nodesOf([
    ["Flatten", ["x"], "f"],
    ["Gemm", ["f", "w"], "logits", { transB: 1 }],
  ]);
  const inputs = [{ name: "x", type: "float32" as const, shape: ["N", 1, side, side] }];
  const outputs = [{ name: "logits", type: "float32" as const, shape: ["N", 10] }];
  writeFileSync(
    file,
    toBytes({ name: "first", inputs, outputs, nodes, constants: [constant("w", [10, 16], eye)] }),
  );
  const drawn = async (...flags: string[]) => {
    const args = [
      "sample",
      run,
      "--count",
      "40",
      "--judge",
      file,
      "--out",
      join(root, "judged.png"),
      "--force",
    ];
    return runCommand([...args, ...flags]);
  };
  const one = await drawn("--condition", "3", "--json");
  expect(JSON.parse(one.stdout).judged).toBeGreaterThan(30);
  const each = await drawn("--columns", "4");
  expect(Number(/^first-ten\.onnx recognizes (\d+) of 40 as asked$/m.exec(each.stdout)?.[1])).toBeGreaterThan(
    20,
  );
});

it("is explained given the likeliest class", async () => {
  const image = join(root, "image.png");
  const marked7 = marked(10).subarray(7 * side * side, 8 * side * side); // bright at 7
  await sharp(marked7, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toFile(image);
  const { status, stdout } = await runCommand(["explain", run, image, "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ class: 7, images: 100 });
});

it("loadModel opens the run, for images of 0 to 255", async () => {
  const { images } = firstImages((await loadExamples({ name: data }, "test")) as ImageSet, 3);
  const given = { condition: [[2], [0], [9]], seed: 4 };
  const wanted = await withModel(run, {}, silentTerminal({}), (model) => model.logProb(images, given));
  const model = await loadModel(run);
  expect(await model.logProb(images, given)).toEqual(wanted);
  await model.dispose();
  await expect(loadModel(join(root, "absent"))).rejects.toThrow("or a run of flowify train on images");
});

it("score and ood have log p of an image without its label, the mean over the classes", async () => {
  const scored = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCommand([
      "score",
      run,
      "--limit",
      "3",
      "--seed",
      "4",
      ...args,
    ]);
    expect([status, stderr.includes("error")]).toEqual([0, false]);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, number>);
  };
  const found = await scored("--format", "jsonl", "--ledger");
  const { images } = firstImages((await loadExamples({ name: data }, "test")) as ImageSet, 3);
  const logs = await withModel(run, {}, silentTerminal({}), async (model) => {
    const each: Float64Array[] = [];
    for (let label = 0; label < 10; label++)
      each.push(await model.logProb(images, { seed: 4, condition: [label] }));
    return each;
  });
  for (const [i, row] of found.entries()) {
    const mean = Math.log(logs.reduce((sum, each) => sum + Math.exp(each[i]!), 0) / 10);
    expect(row.log_prob).toBeCloseTo(mean, 3);
    // the ledger is that of the likeliest class, whose share is nearly all: log p is log 10 less
    // behind the name, log p and the bits
    const sum = Object.values(row)
      .slice(3)
      .reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(Math.max(...logs.map((each) => each[i]!)), 2);
  }
  const out = join(root, "ood.png");
  const { status, stdout } = await runCommand(["ood", run, data, "--limit", "20", "--json", "--out", out]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).others[0].auroc.logProb).toBeCloseTo(0.5, 1);
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
