import { afterAll, describe, expect, it } from "vitest";
import { initParams } from "../src/entries/layer.js";
import {
  applyNetwork,
  couplingFlow,
  createTrainer,
  denseFlow,
  FlowModel,
  fit,
  flowify,
  jaxExecutor,
  splineFlow,
} from "../src/index.js";

const flow = couplingFlow(2, { blocks: 0 });
const executor = jaxExecutor();
const rows = Array.from({ length: 64 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const model = FlowModel.create(flow, executor);
afterAll(async () => (await model).dispose());

// as a caller without types calls them
type Loose = (...values: unknown[]) => unknown;
const loose = (f: unknown): Loose => f as Loose;
const method =
  (name: keyof FlowModel) =>
  async (...values: unknown[]): Promise<unknown> => {
    const open = await model;
    const result = (open[name] as Loose).call(open, ...values);
    const iterates = typeof result === "object" && result !== null && Symbol.asyncIterator in result;
    return iterates ? (result as AsyncGenerator).next() : result;
  };

/** Calls with an option that does not exist, the function and the option's right name in the message. */
const unknown: { [call: string]: [call: () => unknown, name: string] } = {
  "fit: step": [
    () => loose(fit)(flow, rows, { step: 30 }),
    'fit: unknown option "step"; did you mean "steps"?',
  ],
  "fit: batch": [() => loose(fit)(flow, rows, { batch: 3 }), '"batch"; did you mean "batchSize"?'],
  "fit: lr": [() => loose(fit)(flow, rows, { lr: 3 }), 'fit: unknown option "lr"; it has executor, steps,'],
  "fit: epoch": [() => loose(fit)(flow, rows, { epoch: 3 }), '"epoch"; did you mean "epochs"?'],
  "fit: context": [() => loose(fit)(flow, rows, { context: rows }), 'unknown option "context"'],
  "createTrainer: rate": [
    () => loose(createTrainer)({ flow, executor, data: rows, steps: 3, rate: 1 }),
    'createTrainer: unknown option "rate"; did you mean "learningRate"?',
  ],
  "initParams: steps": [
    () => loose(initParams)({ flow, executor, data: rows, steps: 3 }),
    'initParams: unknown option "steps"',
  ],
  "couplingFlow: context": [
    () => loose(couplingFlow)(1, { context: 1 }),
    'couplingFlow: unknown option "context"; it has levels, shrinkage, blocks,',
  ],
  "splineFlow: bin": [
    () => loose(splineFlow)(2, { bin: 1 }),
    'splineFlow: unknown option "bin"; did you mean "bins"?',
  ],
  "denseFlow: hidden": [() => loose(denseFlow)(2, [2], { hidden: 1 }), 'denseFlow: unknown option "hidden"'],
  "flowify: densty": [
    () => loose(flowify)({ inShape: [2], layers: [] }, { densty: "mixture" }),
    'flowify: unknown option "densty"; did you mean "density"?',
  ],
  "a layer: otu": [
    () => loose(flowify)({ inShape: [2], layers: [{ kind: "linear", otu: 1 }] }),
    'linear[0]: unknown option "otu"; did you mean "out"?',
  ],
  "FlowModel.create: sede": [
    () => loose(FlowModel.create.bind(FlowModel))(flow, executor, { sede: 1 }),
    'FlowModel.create: unknown option "sede"; did you mean "seed"?',
  ],
  ...Object.fromEntries(
    (["logProb", "logProbGradient", "evaluate", "encode", "decode", "reconstruct"] as const).map((name) => [
      `${name}: sede`,
      [() => method(name)(rows, { sede: 1 }), 'unknown option "sede"; did you mean "seed"?'],
    ]),
  ),
  ...Object.fromEntries(
    (["sample", "sampleFlat", "sampleBlocks", "latents"] as const).map((name) => [
      `${name}: sede`,
      [() => method(name)(2, { sede: 3 }), `${name}: unknown option "sede"; did you mean "seed"?`],
    ]),
  ),
  "importanceBound: sample": [
    () => method("importanceBound")(rows, { sample: 3 }),
    'importanceBound: unknown option "sample"; did you mean "samples"?',
  ],
  "score: temperature": [
    () => method("score")([rows], { temperature: 1 }),
    'score: unknown option "temperature"',
  ],
  "explain: seeds": [
    () => method("explain")(rows, rows, { seeds: 1 }),
    'explain: unknown option "seeds"; did you',
  ],
  "preimages: number": [
    () => method("preimages")({}, rows, { number: 1 }),
    'preimages: unknown option "number"',
  ],
};

const values: typeof unknown = {
  "results that are an array": [
    () => method("preimages")({}, rows, { results: [1] }),
    "preimages: results: expected Map, found Array",
  ],
  "preimages without a network": [
    () => method("preimages")(undefined, rows),
    "preimages: expected a network { inShape, layers }, found undefined",
  ],
  "a network without layers": [
    () => loose(applyNetwork)({ inShape: [2] }, rows),
    "applyNetwork: expected a network { inShape, layers }",
  ],
  "a negative temperature": [
    () => method("sample")(2, { temperature: -1 }),
    "sample: temperature: expected a number of at least 0, found -1",
  ],
  "half a seed": [
    () => method("sample")(2, { seed: 1.5 }),
    "sample: seed: expected an integer of at least 0, found 1.5",
  ],
  "a seed of fit": [
    () => loose(fit)(flow, rows, { seed: 1.5 }),
    "fit: seed: expected an integer of at least 0, found 1.5",
  ],
  "a rate that is a text": [
    () => loose(fit)(flow, rows, { learningRate: "0.1" }),
    'fit: learningRate: expected a number above 0, found "0.1"',
  ],
  "another mode": [
    () => method("encode")(rows, { mode: "mean" }),
    'encode: mode: expected ("sample" | "deterministic"), found "mean"',
  ],
  "options that are a number": [() => loose(fit)(flow, rows, 30), "fit: expected options { executor, steps,"],
  "options that are an array": [() => method("sample")(2, [1]), "found an array"],
  "blocks that are a text": [
    () => loose(couplingFlow)(2, { blocks: "2" }),
    'couplingFlow: blocks: expected an integer of at least 0, found "2"',
  ],
  "a density by another name": [
    () => loose(flowify)({ inShape: [2], layers: [] }, { density: "normal" }),
    'flowify: density: expected gaussian, mixture or a model, found "normal"',
  ],
  "no network": [
    () => loose(flowify)(undefined),
    "flowify: expected a network { inShape, layers }, found undefined",
  ],
  "no flow": [() => loose(fit)(undefined, rows), "fit: expected a flow first"],
  "a callback that is none": [
    () => loose(fit)(flow, rows, { onStep: 3 }),
    "fit: onStep: expected Function, found 3",
  ],
};

describe("a public function refuses", () => {
  it.each(Object.entries({ ...unknown, ...values }))("%s", async (_, [call, message]) => {
    const failed = await (async () => call())().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "USAGE", message: expect.stringContaining(message) as string });
  });

  it.each<[what: string, call: () => unknown, message: string]>([
    ["null", () => method("logProb")(null), "expected a typed array or nested arrays of numbers, found Null"],
    [
      "a record without examples",
      () => loose(fit)(flow, { rows, count: 2 }, { steps: 1 }),
      "expected a typed array or nested arrays of numbers, found Object",
    ],
    ["nothing", () => method("logProb")(), "found Undefined"],
    ["a text", () => method("logProb")("1,2"), "found String"],
    ["64-bit integers", () => method("logProb")(new BigInt64Array(2)), "found 64-bit integers"],
    ["a text in a row", () => method("logProb")([[1, "2"]]), 'example 0 holds "2", expected numbers'],
    ["no data", () => loose(fit)(flow, undefined), "found Undefined"],
    [
      "a set",
      () => loose(fit)(flow, new Set(rows)),
      "found Set\ncollect its values in an array first: Array.from",
    ],
    [
      "a generator",
      () => loose(fit)(flow, rows.values()),
      "collect its values in an array first: Array.from",
    ],
  ])("examples that are %s", async (_, call, message) => {
    const failed = await (async () => call())().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "DATA", message: expect.stringContaining(message) as string });
  });
});

it("options that are undefined count as left out", async () => {
  const open = await model;
  expect(await open.sample(2, { seed: undefined } as object)).toEqual(await open.sample(2));
});

describe("examples of a size that 32 bits cannot square", () => {
  const scaled = (factor: number): number[][] => rows.map(([a = 0, b = 0]) => [a, factor * b]);
  it.each<[number, string]>([
    [1e-310, "the largest number in column 1 is 1.0e-310: expected 1e-18 to 1000000000000000000"],
    [1e-42, "scale it by 1e42"],
    [1e-20, "scale it by 1e20"],
    [1e38, "scale it by 1e-38"],
  ])("a column near %d is named, with a factor", async (factor, message) => {
    const failed = await fit(flow, scaled(factor), { steps: 1 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: "DOMAIN",
      message: expect.stringContaining("in column 1") as string,
    });
    expect((failed as Error).message).toContain(message);
  });

  it("a number beyond 32 bits is named as it was given", async () => {
    await expect((await model).logProb([[1, 1e39]])).rejects.toThrow(
      "example 0 holds 1e+39 in column 1: 32-bit numbers end at 3.4e38",
    );
  });

  it.each([1e-17, 1e17])("a column near %d trains", async (factor) => {
    const small = couplingFlow(2, { blocks: 1, hidden: 4 });
    const options = { steps: 2, batchSize: 32, executor };
    const [own, plain] = [await fit(small, scaled(factor), options), await fit(small, rows, options)];
    const [found, known] = [await own.logProb(scaled(factor)), await plain.logProb(rows)];
    expect(found[0]! + Math.log(factor)).toBeCloseTo(known[0]!, 2);
    await own.dispose();
    await plain.dispose();
  });
});

it("samples are rows, as log p takes them, and parts of one array", async () => {
  const open = await model;
  const [samples, flat] = [await open.sample(3, { seed: 2 }), await open.sampleFlat(3, { seed: 2 })];
  expect(samples).toHaveLength(3);
  expect(samples.map((row) => row.length)).toEqual([2, 2, 2]);
  expect(samples.flatMap((row) => [...row])).toEqual([...flat]);
  expect(samples[0]!.buffer).toBe(samples[2]!.buffer);
  expect(await open.logProb(samples)).toEqual(await open.logProb(flat));
});
