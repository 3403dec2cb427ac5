import { FlowModel, flowify, HostArray, jaxExecutor, type Network } from "@flowify/core";
import { floats, makeRng } from "@flowify/core/layer";
import { DType, type numpy as np, tree } from "@jax-js/jax";
import { ortCpu, portable } from "jax-to-onnx";
import type { GraphNode } from "jax-to-onnx/internal";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { ExportedProgram } from "../src/export/exported.js";
import { exportFlow, toBytes } from "../src/index.js";

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const networks: { readonly [what: string]: Network } = {
  "dense, shrinking and growing": {
    inShape: [1, 2, 3],
    layers: [
      { kind: "dequantize", levels: 4 },
      { kind: "flatten" },
      { kind: "whiten" },
      { kind: "linear", out: 3 },
      { kind: "rqSpline" },
      { kind: "linear", out: 5 },
      { kind: "leakyRelu" },
    ],
  },
  "overlapping windows, padding, couplings of channels": {
    inShape: [1, 6, 6],
    layers: [
      { kind: "dequantize" },
      { kind: "conv2d", out: 4, kernel: 3, stride: 2 },
      { kind: "rqSpline" },
      { kind: "coupling", stack: 2 },
      { kind: "actnorm" },
      { kind: "conv2d", out: 2, kernel: 3, stride: 3 },
      { kind: "flatten" },
      { kind: "coupling", stack: 1 },
    ],
  },
  "windows with gaps, squeeze and split": {
    inShape: [2, 5, 5],
    layers: [
      { kind: "dequantize" },
      { kind: "conv2d", out: 4, kernel: 2, stride: 3 },
      { kind: "squeeze" },
      { kind: "split", leaving: 6 },
      { kind: "flatten" },
    ],
  },
  "with a condition": {
    inShape: [2, 2, 2],
    condition: { shape: [3] },
    embedding: { kind: "dense", hidden: 8, out: 4 },
    layers: [
      { kind: "dequantize", levels: 4 },
      { kind: "coupling", stack: 1, kernels: [1, 1] },
      { kind: "flatten" },
      { kind: "linear", out: 2 },
      { kind: "conditionalAffine", hidden: 8 },
    ],
  },
  "with parameters of a condition": {
    inShape: [2, 2, 2],
    condition: { classes: 3 },
    layers: [
      { kind: "variationalDequantize", levels: 4, hidden: 4, bins: 3, conditional: true },
      { kind: "marginal", bins: 3, conditional: true, hidden: 4 },
      { kind: "rqSpline", bins: 3, conditional: true, hidden: 4 },
      { kind: "affine", conditional: true, hidden: 0 },
    ],
    base: { conditional: true, hidden: 8 },
  },
  "a transformer": {
    inShape: [1, 2, 4],
    layers: [
      { kind: "dequantize", levels: 4 },
      { kind: "transformer", stack: 1, patch: 2, hidden: 4, heads: 2, depth: 1 },
    ],
  },
  "a mixture of flows": {
    inShape: [1, 2, 2],
    layers: [
      { kind: "dequantize", levels: 4 },
      { kind: "flatten" },
      {
        kind: "flowMixture",
        members: [[{ kind: "linear", out: 4 }], [{ kind: "gaussianMixture", components: 2 }]],
      },
    ],
  },
  "a sigmoid at the end, with a uniform base": {
    inShape: [1, 2, 2],
    layers: [
      { kind: "dequantize", levels: 4 },
      { kind: "flatten" },
      { kind: "linear", out: 2 },
      { kind: "sigmoid" },
    ],
  },
};

type Feeds = { [name: string]: HostArray };
type Results = { [name: string]: Float32Array };

/** The results of a program for several feeds, one after the other in one session. */
async function run(program: ExportedProgram, ...all: Feeds[]): Promise<Results[]> {
  const session = await InferenceSession.create(toBytes(program.graph), { logSeverityLevel: 3 });
  const found: Results[] = [];
  for (const feeds of all) {
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) =>
      data instanceof Int32Array
        ? ([name, new Tensor("int64", BigInt64Array.from(data, BigInt), [...shape])] as const)
        : ([name, new Tensor("float32", data as Float32Array, [...shape])] as const),
    );
    const results = await session.run(Object.fromEntries(tensors));
    found.push(
      Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array])),
    );
  }
  await session.release();
  return found;
}

/** Numbers for the inputs of a program. */
function feedsFor(program: ExportedProgram, batch: number, levels: number): Feeds {
  const rng = makeRng(batch);
  return Object.fromEntries(
    program.inputs.map(({ name, shape, role, distribution }) => {
      const sizes = shape.map((n) => (typeof n === "string" ? batch : n));
      const data = new Float32Array(size(sizes));
      if (role === "noise" && distribution === "uniform") rng.fillUniform(data);
      else rng.fillNormal(data);
      if (role === "examples") data.forEach((v, i) => (data[i] = Math.floor(Math.abs(v) * 50) % levels));
      if (role === "count") return [name, new HostArray(Int32Array.of(batch), [1], DType.Int32)];
      return [name, new HostArray(data, sizes, DType.Float32)];
    }),
  );
}

/** The same program by jax-js, operation by operation. */
async function byJax(program: ExportedProgram, feeds: Feeds) {
  const arrayOf = ({ data, shape }: HostArray) => floats(data as Float32Array, shape);
  const { names, run: f, example } = program.source;
  const name = names.values();
  const args = example(1, makeRng(0)).map((arg) =>
    tree.map((leaf) => arrayOf(feeds[name.next().value as string] ?? (leaf as HostArray)), arg as never),
  );
  const results = (f as (...all: unknown[]) => np.Array[])(...args);
  return Promise.all(results.map(async (result) => (await result.data()) as Float32Array));
}

it("has a Conv for a convolution and names its nodes after their layers, but for a fast target", async () => {
  const made = flowify({
    inShape: [1, 4, 4],
    layers: [
      { kind: "dequantize" },
      { kind: "conv2d", out: 2, kernel: 2, stride: 2 },
      { kind: "coupling", stack: 1 },
    ],
  });
  const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
  const [readable, fast] = [portable, ortCpu].map(
    (target) =>
      exportFlow(made, model.params, { target }).find(({ name }) => name === "log-prob")?.graph.nodes,
  ) as [readonly GraphNode[], readonly GraphNode[]];
  await model.dispose();
  const names = new Set(readable.map(({ outputs }) => outputs[0]?.split("/")[0]));
  for (const { layer } of made.ledgerLines) expect(names).toContain(layer);
  const convolutions = readable.filter(({ op }) => op === "Conv").map(({ outputs }) => outputs[0]);
  expect(convolutions.length).toBeGreaterThan(2);
  for (const name of convolutions) expect(name).toMatch(/^(conv2d\[1\]|coupling\[2\])\/conv\.\d+\/Conv$/);
  expect(fast.map(({ op }) => op)).not.toContain("Conv");
});

it("has observations of any number of rows, whose others are NaN or too large", async () => {
  const made = flowify({
    inShape: [2],
    condition: { shape: [3, 2], fewerRows: true },
    embedding: { hidden: 4, out: 3 },
    layers: [
      { kind: "marginal", bins: 2, conditional: true, hidden: 4 },
      { kind: "rqSpline", bins: 2, conditional: true, hidden: 4 },
    ],
    base: { conditional: true, hidden: 4 },
  });
  const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
  const program = exportFlow(made, model.params).find(({ name }) => name === "log-prob") as ExportedProgram;
  const feeds = (absent: number): Feeds => ({
    x: new HostArray(Float32Array.of(0.5, -1, 0.2, 2), [2, 2], DType.Float32),
    condition: new HostArray(
      Float32Array.from([1, 2, 3, 4, absent, absent, -1, 0.5, absent, absent, absent, absent]),
      [2, 3, 2],
      DType.Float32,
    ),
  });
  const [nan = {}, large = {}] = await run(program, feeds(Number.NaN), feeds(3e38));
  const rows = [
    [
      [1, 2],
      [3, 4],
    ],
    [[-1, 0.5]],
  ];
  const expected = await model.logProb(
    [
      [0.5, -1],
      [0.2, 2],
    ],
    { condition: rows },
  );
  for (const { log_prob: found } of [nan, large])
    expected.forEach((log, i) => expect(Math.abs((found?.[i] ?? Number.NaN) - log)).toBeLessThan(1e-4));
  await model.dispose();
});

/** One of images and one with a condition hold all that an export may meet; the others are more of these. */
const quick = ["windows with gaps, squeeze and split", "with a condition"];

describe.each(Object.entries(networks))("%s", (name, network) => {
  const tags = quick.includes(name) ? [] : ["long"];
  const made = flowify(network);
  const levels = made.domain.levels as number;

  it("every program agrees for batches of 1 and 20, with the noise that it is given", { tags }, async () => {
    const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
    const programs = exportFlow(made, model.params).filter(({ name }) => !name.endsWith("-drawing"));
    const ofLatents = made.latentShape[0] === 0 ? [] : ["encode", "decode"];
    expect(programs.map(({ name }) => name)).toEqual(["log-prob", ...ofLatents, "sample"]);
    for (const program of programs)
      for (const batch of [1, 20]) {
        const feeds = feedsFor(program, batch, levels);
        const [results = {}] = await run(program, feeds);
        const expected = await byJax(program, feeds);
        program.outputs.forEach(({ name }, i) => {
          const [ours, theirs] = [results[name] as Float32Array, expected[i] as Float32Array];
          expect(ours.length).toBe(theirs.length);
          const scale = theirs.reduce((top, v) => Math.max(top, Math.abs(v)), 1);
          // a decoder may round to the next level
          const slack = name === "x" ? 1 : 1e-4 * scale;
          ours.forEach((value, k) =>
            expect(Math.abs(value - (theirs[k] as number))).toBeLessThanOrEqual(slack),
          );
        });
      }
    await model.dispose();
  });

  it("the programs that draw give others each time, of the size asked for", { tags }, async () => {
    const model = await FlowModel.create(made, jaxExecutor(), { seed: 2 });
    const drawing = exportFlow(made, model.params).filter(({ name }) => name.endsWith("-drawing"));
    for (const program of drawing) {
      expect(program.inputs.map(({ role }) => role)).not.toContain("noise");
      const feeds = feedsFor(program, 5, levels);
      const [first = {}, second = {}] = await run(program, feeds, feeds);
      const { name } = program.outputs[0] as { name: string };
      expect((first[name] as Float32Array).length % 5).toBe(0);
      expect(first[name]).not.toEqual(second[name]);
      expect((first[name] as Float32Array).every(Number.isFinite)).toBe(true);
    }
    const sample = drawing.find(({ name }) => name === "sample-drawing") as ExportedProgram;
    const [sampled = {}] = await run(sample, feedsFor(sample, 9, levels));
    expect(sampled.x?.length).toBe(9 * made.dimensions);
    await model.dispose();
  });
});
