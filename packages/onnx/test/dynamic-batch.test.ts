/** Graphs for batches of any size. */
import { ArraySpec } from "@flowify/core";
import { DType, numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { withDynamicBatch } from "../src/export/dynamic-batch.js";
import { type LoweredGraph, lower } from "../src/index.js";
import { trace } from "../src/trace.js";

/** Of items of `width` numbers. */
const open = (f: (x: np.Array) => np.Array[], width: number) =>
  withDynamicBatch((batch): LoweredGraph => {
    const { jaxpr } = trace(f, [new ArraySpec([batch, width], DType.Float32)], "f");
    try {
      return lower(jaxpr, { inputNames: ["x"] });
    } finally {
      jaxpr.dispose();
    }
  }, "x");

/** The first of every few numbers times the sum of the others. */
const parts = (y: np.Array, rows: number, width: number): np.Array => {
  const [a, b] = np.split(y.reshape([-1, rows, width]), [1], -1) as [np.Array, np.Array];
  return np.exp(a).mul(np.sum(b, -1, { keepdims: true }));
};

it("is there where every pair of batches has an array that is large in one of them only", () => {
  const f = (x: np.Array): np.Array[] => {
    const [a, b, c] = np.split(x, [336, 396], 1) as [np.Array, np.Array, np.Array];
    return [parts(a, 24, 14), parts(b, 15, 4), parts(c, 8, 4)];
  };
  const { inputs, outputs } = open(f, 428);
  expect(inputs[0]?.shape).toEqual(["batch", 428]);
  expect(outputs.map(({ shape }) => shape)).toEqual([
    ["batch", 24, 1],
    ["batch", 15, 1],
    ["batch", 8, 1],
  ]);
});

it("is refused where numbers depend on the batch", () => {
  expect(() => open((x) => [np.sum(x.ref, 0).mul(x.shape[0] as number), x], 3)).toThrow(
    /cannot be exported for batches of any size/,
  );
});
