import { DType, grad, numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { portable, strict } from "../src/target.js";
import { runJax } from "./compare.js";
import { HostArray } from "./host-array.js";
import { runLowered } from "./run-lowered.js";

type A = np.Array;

const indices = (count: number, rows: number): HostArray =>
  new HostArray(
    Int32Array.from({ length: count }, (_, i) => (i * 7) % rows),
    [count],
    DType.Int32,
  );
const zeros = (shape: readonly number[]): HostArray =>
  new HostArray(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape, DType.Float32);

it.each([
  ["rows of 64", zeros([4, 64]), indices(20_000, 4)],
  ["single numbers", zeros([8]), indices(2_000_000, 8)],
] as const)(
  "adds every gradient that meets others in one entry, with any threads: %s",
  async (_, table, index) => {
    const f = (t: A, i: A): A => grad((each: A) => np.sum(np.take(each, i, 0)))(t);
    const each = { name: "meeting", f, inputs: [table, index] };
    const [want] = runJax(f, each.inputs);
    for (const target of [strict, portable])
      for (const threads of [1, 2, 4]) {
        const { results } = await runLowered(each, target, threads);
        expect(results[0]?.data).toEqual(want?.data);
      }
  },
);
