/** A network of any kind as one step of a flow: converted, trained and used by the commands. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { constant, nodesOf } from "../../../test/onnx-graph.js";
import { unreached } from "../src/samples/wanted-outputs.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const data = writeIdxFolder(join(root, "images"), { train: 64, test: 20, side: 4, images: noise });
const at = (name: string): string => join(root, name);

/** With a function of its own that no rule covers. */
const gated = writeOnnx(root, "gated", [
  ...dense.slice(0, 2),
  ["Sigmoid", ["h"], "s"],
  ["Mul", ["h", "s"], "silu"],
  ["Atan", ["silu"], "e"],
  ["Atan", ["e"], "e2"],
  ["Gemm", ["e2", "w2", "b2"], "logits", { transB: 1 }],
]);

const statuses: number[] = [];

beforeAll(async () => {
  statuses.push((await runCommand(["convert", gated, "--out", at("converted")])).status);
  const layers = [
    { kind: "dequantize" },
    { kind: "flatten" },
    { kind: "whiten" },
    { kind: "conditionalAffine", hidden: 8 },
  ];
  writeFileSync(at("small.json"), JSON.stringify({ inShape: [1, 4, 4], layers }));
  const flags = [
    "--network",
    at("small.json"),
    "--steps",
    "6",
    "--batch",
    "16",
    "--pictures",
    "none",
    "--json",
  ];
  const trained = await runCommand([
    "train",
    "--from",
    at("converted"),
    "--data",
    data,
    "--out",
    at("run"),
    ...flags,
  ]);
  statuses.push(trained.status);
});

describe("flowify convert", () => {
  it("takes a network as one step, and keeps its bytes", async () => {
    const { status, stdout } = await runCommand(["convert", gated, "--out", at("again")]);
    expect(status).toBe(0);
    expect(stdout).toContain("gated.onnx: 1×4×4 → 3, one step, likelihood a lower bound in expectation");
    expect(stdout).toContain("plan: exact 0, bound 0, opaque 1");
    expect(stdout).toContain("attention between patches of 2×2, of fewer than 10,000 images convolutions");
    expect(readFileSync(join(at("again"), "original.onnx"))).toEqual(readFileSync(gated));
    expect(existsSync(join(at("again"), "network.json"))).toBe(false);
    const report = JSON.parse(readFileSync(join(at("again"), "report.json"), "utf8"));
    expect(report).toMatchObject({
      grain: "network",
      inputShape: [1, 4, 4],
      outputShape: [3],
    });
    expect(report.maxRelDiff).toBeLessThan(1e-6);
  });

  it("refuses layers that have no rule, with all that stands in the way", async () => {
    const { status, stderr, stdout } = await runCommand([
      "convert",
      gated,
      "--out",
      at("no"),
      "--grain",
      "layer",
      "--json",
    ]);
    expect(status).toBe(3);
    expect(stderr).toContain("in the way, all together: Atan ×2 (e, …)");
    expect(stderr).toContain("or take the network as one step: --grain network");
    const { blockers } = JSON.parse(stdout);
    expect(blockers).toEqual({ Atan: ["e", "e2"] });
    expect(existsSync(at("no"))).toBe(false);
  });

  it("takes a file whose constants are not finite, as masks of attention and bounds of Clip are", async () => {
    const file = odd("masked", (graph) => ({
      ...graph,
      nodes: nodesOf([
        ["MatMul", ["x", "w"], "m"],
        ["Clip", ["m", "least", "most"], "c"],
        ["Max", ["c", "low"], "y"],
      ]),
      constants: [
        ...(graph.constants ?? []),
        constant("low", [1], Float32Array.of(Number.NEGATIVE_INFINITY)),
        constant("least", [], Float32Array.of(Number.NEGATIVE_INFINITY)),
        constant("most", [], Float32Array.of(Number.POSITIVE_INFINITY)),
      ],
    }));
    const { status, stdout } = await runCommand(["convert", file, "--out", at("masked")]);
    expect(status).toBe(0);
    expect(stdout).toContain("masked.onnx: 4 → 2, one step");
  });

  it("gives zeros to a second input, a row for each example", async () => {
    const file = odd("beside", (graph) => ({
      ...graph,
      inputs: [...graph.inputs, { name: "state", type: "float32", shape: ["N", 2] }],
      nodes: nodesOf([
        ["MatMul", ["x", "w"], "m"],
        ["Add", ["m", "state"], "y"],
      ]),
    }));
    const { status, stdout } = await runCommand(["convert", file, "--input", "x", "--out", at("beside")]);
    expect(status).toBe(0);
    expect(stdout).toContain("beside.onnx: 4 → 2, one step");
  });

  it("takes a value inside of a network, and says what it does not use", async () => {
    const plain = writeOnnx(root, "plain", dense);
    const flags = ["--output", "r", "--normalize", "raw"];
    const { status, stdout } = await runCommand(["convert", plain, "--out", at("inside"), ...flags]);
    expect(status).toBe(0);
    expect(stdout).toContain("not used: --normalize, which --grain layer and flowify train take");
    const report = JSON.parse(readFileSync(join(at("inside"), "report.json"), "utf8"));
    expect(report).toMatchObject({ output: "r", outputShape: [6], seen: 6 });
    expect(readFileSync(join(at("inside"), "original.onnx"))).toEqual(readFileSync(plain));
  });
});

describe("a run of a network that is one step", () => {
  it("is measured, scored and explained, with the terms of its outputs", async () => {
    expect(statuses).toEqual([0, 0]);
    const { stdout } = await runCommand(["evaluate", at("run"), "--json"]);
    const { ledger, likelihood, accuracy, nats } = JSON.parse(stdout);
    expect(
      ledger
        .slice(-3)
        .map(({ layer }: { layer: string }) => layer)
        .slice(0, 2),
    ).toEqual(["outputs", "noise of outputs"]);
    expect(likelihood).toBe("bound");
    expect(accuracy).toBeNull(); // three outputs for ten labels
    const scored = await runCommand(["score", at("run"), "--quiet"]);
    const logs = scored.stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => Number(line.split(",")[1]));
    expect(logs).toHaveLength(20);
    expect(logs.reduce((a, b) => a + b, 0) / 20).toBeCloseTo(nats, 3);
    const file = at("one.png");
    await sharp(Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => 16 * i)), {
      raw: { width: 4, height: 4, channels: 1 },
    }).toFile(file);
    const explained = await runCommand(["explain", at("run"), file]);
    expect(explained.stdout).toContain("outputs");
    expect(explained.status).toBe(0);
  });

  it("draws inputs, and inputs for outputs, which the network judges", async () => {
    const free = await runCommand(["sample", at("run"), "--count", "6", "--json"]);
    expect(free.status).toBe(0);
    const asking = ["sample", at("run"), "--count", "6", "--logits", "1:4", "--json"];
    const asked = await runCommand(asking);
    const { recognized, logits } = JSON.parse(asked.stdout);
    expect(logits).toBe("1:4");
    // behind Atan no output of three weights reaches 4
    const [, most] =
      /output 1 of 58 training images lies between \S+ and (\S+), and the/.exec(asked.stderr) ?? [];
    expect(asked.stderr).toContain(`the network may never reach 4; try --logits 1:${most}`);
    const near = await runCommand(["sample", at("run"), "--count", "6", "--logits", `1:${most}`]);
    expect(near).toMatchObject({ status: 0, stderr: expect.not.stringContaining("warning") });
    expect(recognized).toBeGreaterThanOrEqual(0);
    expect((await runCommand(asking)).stdout).toBe(asked.stdout); // the same draws are kept again
    const judge = writeOnnx(root, "second", dense); // of three classes too
    const judged = await runCommand([...asking, "--judge", judge]);
    expect(JSON.parse(judged.stdout)).toMatchObject({ recognized, judged: expect.any(Number) });
    await expectRefusal(
      ["sample", at("run"), "--judge", judge],
      2,
      "--judge counts samples of a class that was asked for",
    );
    const decoded = await runCommand(["decode", at("run"), "--logits", "1:4", "--count", "6", "--json"]);
    expect(JSON.parse(decoded.stdout).differences).toHaveLength(6);
    expect(decoded.stderr).toContain("warning: --logits 1:4: output 1 of 58 training images");
    await expectRefusal(
      ["sample", at("run"), "--logits", "3:1"],
      2,
      "--logits: there is no output 3, expected 0 to 2",
    );
  });

  it("warns of outputs that no image reaches, and of probabilities of more than 1", () => {
    const rows = [
      [0.9, 0.0999, 0.0001],
      [0.02, 0.0301, 0.9499],
    ].map((row) => Float32Array.from(row));
    const asked = (...wanted: [number, number][]) => unreached(new Map(wanted), rows);
    expect(asked([0, 12])).toEqual([
      "--logits 0:12: output 0 of 2 training images lies between 0.02 and 0.899 (the outputs are probabilities), and the network may never reach 12; try --logits 0:0.899",
    ]);
    expect(asked([1, 0.03])).toEqual([expect.stringContaining("try --logits 1:0.0301")]);
    expect(asked([0, 0.8], [2, 0.1])).toEqual([]);
    expect(asked([0, 0.8], [2, 0.9])).toEqual([
      expect.stringMatching(/^--logits: 0\.8 \+ 0\.9 is more than 1/),
    ]);
    const logits = [Float32Array.of(-17.44, 3), Float32Array.of(12.36, 0)];
    expect(unreached(new Map([[0, 18]]), logits)).toEqual([
      "--logits 0:18: output 0 of 2 training images lies between -17.4 and 12.3, and the network may never reach 18; try --logits 0:12.3",
    ]);
  });

  it("draws rows for outputs, and says how many reach them", async () => {
    const table = at("rows.csv");
    const rows = Array.from({ length: 80 }, (_, i) =>
      [0, 1, 2, 3].map((k) => Math.sin(i * (k + 1.7)).toFixed(3)),
    );
    writeFileSync(table, `a,b,c,d\n${rows.map((row) => row.join()).join("\n")}\n`);
    const out = at("of rows");
    expect((await runCommand(["convert", odd("plain rows", (graph) => graph), "--out", out])).status).toBe(0);
    const run = at("rows run");
    const layers = [{ kind: "whiten" }, { kind: "conditionalAffine", hidden: 8 }];
    writeFileSync(at("of rows.json"), JSON.stringify({ inShape: [4], layers }));
    const flags = ["--steps", "4", "--batch", "16", "--pictures", "none", "--out", run];
    flags.push("--network", at("of rows.json"));
    expect((await runCommand(["train", "--from", out, "--data", table, ...flags])).status).toBe(0);
    const drawn = at("drawn.csv");
    const asking = ["sample", run, "--logits", "0:1", "--count", "7"];
    const asked = await runCommand([...asking, "--out", drawn, "--json"]);
    expect(asked.status).toBe(0);
    expect(JSON.parse(asked.stdout)).toMatchObject({ logits: "0:1", recognized: expect.any(Number) });
    expect(readFileSync(drawn, "utf8").trim().split("\n")).toHaveLength(8);
    const far = await runCommand(["sample", run, "--logits", "0:90", "--count", "2", "--out", at("far.csv")]);
    expect(far.stdout).toContain("reached: 0 of 2");
    expect(far.stderr).toMatch(/output 0 of \d+ training rows lies between/);
    await expectRefusal(
      ["sample", run, "--logits", "0:1", "--judge", gated],
      2,
      "--judge: this run has rows, expected images",
    );
    await expectRefusal(
      ["sample", run, "--logits", "0:1", "--given", "a=1"],
      2,
      "--given and --logits: rows hold values, or have outputs",
    );
  });

  it("goes on", async () => {
    const resumed = await runCommand(["train", "--resume", at("run"), "--json"]);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ step: 6, finished: true });
  });

  it("says what it cannot do", async () => {
    await expectRefusal(
      ["train", "--from", at("converted"), "--data", data, "--free"],
      2,
      "--free trains the layers",
    );
    const compressed = await runCommand(["compress", at("one.png"), "--run", at("run"), "--out", at("x.fz")]);
    expect(compressed.status).toBe(3);
    expect(compressed.stderr).toContain("condition");
  });
});

/** A file with an input of this kind. */
function odd(name: string, change: (graph: GraphModel) => GraphModel): string {
  const graph: GraphModel = {
    name,
    inputs: [{ name: "x", type: "float32", shape: ["N", 4] }],
    outputs: [{ name: "y", type: "float32", shape: ["N", 2] }],
    nodes: nodesOf([["MatMul", ["x", "w"], "y"]]),
    constants: [constant("w", [4, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))],
  };
  const path = at(`${name}.onnx`);
  writeFileSync(path, toBytes(change(graph)));
  return path;
}
