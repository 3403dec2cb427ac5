/** Training steps of an exported graph in ONNX Runtime, against those of the trainer. */
import { createTrainer, flowify, type HostArray, type Network } from "@flowify/core";
import { DRIFT_LIMIT } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { tree } from "@jax-js/jax";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { stepInputs } from "../../core/test/support/step-inputs.js";
import { type ExportedProgram, exportStep, toBytes } from "../src/index.js";
import { native } from "./compare.js";

const network: Network = {
  inShape: [1, 6, 6],
  layers: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 4, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "flatten" },
    { kind: "whiten" },
    { kind: "linear", out: 3 },
  ],
};
const flow = flowify(network);
const rng = makeRng(3);
const data = {
  examples: Float32Array.from({ length: 40 * 36 }, () => Math.floor(256 * rng.uniform())),
  count: 40,
};
const run = { flow, data, steps: 30, batchSize: 16, seed: 4, learningRate: 0.02, warmup: 1 };

type Arrays = { [name: string]: HostArray };
type Tensors = { [name: string]: Tensor };

const tensorsOf = (arrays: Arrays): Tensors =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { data: values, shape }]) => [
      name,
      new Tensor("float32", values as Float32Array, [...shape]),
    ]),
  );

const open = ({ graph }: ExportedProgram) =>
  InferenceSession.create(toBytes(graph), { logSeverityLevel: 3, intraOpNumThreads: 1 });

it("steps in ONNX Runtime are those of the trainer, reorthogonalize included", async () => {
  const trainer = await createTrainer({ ...run, executor: await native() });
  const { arrays } = await trainer.state();
  const programs = exportStep(flow, arrays, { batch: 16 });
  expect(programs.map(({ name, batch }) => [name, batch])).toEqual([
    ["train-step", 16],
    ["train-step-drawing", 16],
    ["reorthogonalize", 16],
  ]);
  const [step, , reorthogonalize] = programs as [ExportedProgram, ExportedProgram, ExportedProgram];
  const noises = step.inputs.filter(({ role }) => role === "noise").map(({ name }) => name);
  const sessions = { step: await open(step), reorthogonalize: await open(reorthogonalize) };
  const inputs = stepInputs(run);
  let state = tensorsOf(arrays);
  let reorthogonalized = 0;
  const next = (program: ExportedProgram, results: Readonly<Tensors>): void => {
    for (const { name, replaces } of program.outputs)
      if (replaces) state = { ...state, [replaces]: results[name] as Tensor };
  };
  const inputsOf = (program: ExportedProgram, feeds: Tensors): Tensors =>
    Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name] as Tensor]));
  for (let t = 0; t < run.steps; t++) {
    const { x, noise, scalars } = await inputs(t);
    const { euclidean, orthogonal } = scalars;
    const drawn = tree.leaves(noise as never) as unknown as HostArray[];
    const feeds = tensorsOf({
      x,
      ...Object.fromEntries(noises.map((name, i) => [name, drawn[i] as HostArray])),
      "euclidean.rate": euclidean.rate,
      "euclidean.floor": euclidean.floor,
      "orthogonal.rate": orthogonal.rate,
      "orthogonal.floor": orthogonal.floor,
    });
    const results = await sessions.step.run(inputsOf(step, { ...feeds, ...state }));
    const { loss, gradNorm } = await trainer.step();
    expect(Number(results.loss?.data[0])).toBeCloseTo(loss, 3);
    expect(Number(results.gradNorm?.data[0]) / gradNorm).toBeCloseTo(1, 4);
    next(step, results);
    if (Number(state.drift?.data[0]) > DRIFT_LIMIT) {
      next(reorthogonalize, await sessions.reorthogonalize.run(inputsOf(reorthogonalize, state)));
      reorthogonalized++;
    }
  }
  expect(reorthogonalized).toBeGreaterThan(0);
  const expected = (await trainer.state()).arrays;
  expect(Object.keys(state).sort()).toEqual(Object.keys(expected).sort());
  let largest = 0;
  for (const [name, { data: wanted }] of Object.entries(expected))
    (wanted as Float32Array).forEach((value, i) => {
      largest = Math.max(
        largest,
        Math.abs(value - Number(state[name]?.data[i])) / Math.max(1, Math.abs(value)),
      );
    });
  expect(largest).toBeLessThan(1e-5);
  await trainer.dispose();
  for (const session of Object.values(sessions)) await session.release();
});
