/** Functions that are no flows as ONNX files: a layer with its weights, a gradient, a step of Adam, attention. */

import { DType, grad, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { ortCpu, portable, type Target, toOnnx } from "../src/index.js";
import { type Fn, runJax, spread } from "./compare.js";
import { HostArray } from "./host-array.js";

type A = np.Array;
type Example = Readonly<{ name: string; f: Fn; shapes: Readonly<Record<string, readonly number[]>> }>;

const mlp = (x: A, w: A, b: A, v: A): A => np.matmul(nn.relu(np.matmul(x, w).add(b)), v);
const loss = (w: A, b: A, v: A, x: A): A => np.mean(np.square(mlp(x, w, b, v)));
const sizes = { w: [5, 7], b: [7], v: [7, 2] };

const examples: readonly Example[] = [
  { name: "a multilayer perceptron", f: mlp, shapes: { x: [4, 5], ...sizes } },
  {
    name: "its gradient",
    f: (w, b, v, x) => grad(loss, { argnums: [0, 1, 2] })(w, b, v, x),
    shapes: { ...sizes, x: [4, 5] },
  },
  {
    name: "a step of Adam",
    f: (w, first, second, x, b, v) => {
      const [value, slope] = valueAndGrad(loss)(w.ref, b, v, x);
      const m = first.mul(0.9).add(slope.ref.mul(0.1));
      const s = second.mul(0.999).add(np.square(slope).mul(0.001));
      const next = w.sub(m.ref.mul(0.01).div(np.sqrt(np.square(s.ref).add(1e-8))));
      return [value, next, m, s];
    },
    shapes: { w: [5, 7], first: [5, 7], second: [5, 7], x: [4, 5], b: [7], v: [7, 2] },
  },
  {
    name: "attention",
    f: (x, q, k, v) => {
      const [a, b, c] = [q, k, v].map((w) => np.matmul(x.ref, w)) as [A, A, A];
      x.dispose();
      return np.matmul(nn.softmax(np.matmul(a, np.transpose(b)).div(2), -1), c);
    },
    shapes: { x: [6, 4], q: [4, 4], k: [4, 4], v: [4, 3] },
  },
];

describe.each([portable, ortCpu])("for $name", (target: Target) => {
  it.each(examples)("$name", async ({ f, shapes }) => {
    const names = Object.keys(shapes);
    const inputs = Object.values(shapes).map((shape, i) => spread(shape, DType.Float32, i + 1));
    const args = Object.fromEntries(names.map((name) => [name, { shape: shapes[name] as number[] }]));
    const last = names.at(-1) as string;
    const constants = { [last]: inputs.at(-1) as HostArray };
    const session = await InferenceSession.create(toOnnx(f, args, { constants, target }), {
      logSeverityLevel: 3,
    });
    expect(session.inputNames).toEqual(names.slice(0, -1));
    const feeds = names.slice(0, -1).map((name, i) => {
      const { data, shape } = inputs[i] as HostArray;
      return [name, new Tensor("float32", data as Float32Array, [...shape])] as const;
    });
    const found = await session.run(Object.fromEntries(feeds));
    runJax(f, inputs).forEach(({ data, shape }, i) => {
      const got = found[session.outputNames[i] as string] as Tensor;
      expect(got.dims).toEqual(shape);
      const off = Array.from(data, (value, k) => Math.abs(Number(value) - Number(got.data[k])));
      expect(Math.max(...off)).toBeLessThan(2e-5);
    });
    await session.release();
  });
});

it("says which constant is no argument, or of another shape", () => {
  const f = (x: A): A => np.sin(x);
  const value = new HostArray(new Float32Array(2), [2], DType.Float32);
  expect(() => toOnnx(f, { x: { shape: [3] } }, { constants: { x: value } })).toThrow(
    "constant x: shape [2], expected [3]",
  );
  expect(() => toOnnx(f, { x: { shape: [3] } }, { constants: { y: value } })).toThrow(
    "constant y: shape [2], expected one of the arguments x",
  );
});
