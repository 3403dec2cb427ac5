import { DType, jit, numpy as np } from "@jax-js/jax";
import { trace } from "jax-to-onnx/internal";
import { expect, it } from "vitest";
import { programKey } from "../src/program-key.js";

type Unary = (x: np.Array) => np.Array;

/** The key of a function of arrays of one shape. */
function keyOf(
  f: (x: np.Array, y: np.Array) => np.Array,
  shape: number[] = [3],
  dtype = DType.Float32,
  how: unknown = "",
): string | undefined {
  class Spec {
    shape = shape;
    dtype = dtype;
  }
  const specs = Array.from({ length: Math.max(f.length, 1) }, () => new Spec());
  const { jaxpr } = trace(f, specs, "f");
  try {
    return programKey(jaxpr, how);
  } finally {
    jaxpr.dispose();
  }
}

const shifted =
  (by: number): Unary =>
  (x) =>
    x.add(np.array([1, 2, by]));
const padded =
  (widths: [number, number][]): Unary =>
  (x) =>
    np.pad(x, widths);
const nested = (by: number): Unary => jit((x: np.Array) => np.exp(x).mul(by));

it.each<[string, () => string | undefined]>([
  ["a product", () => keyOf((x) => x.ref.mul(x).sum())],
  ["a constant", () => keyOf(shifted(3))],
  ["a jitted function", () => keyOf(nested(2))],
  ["a gather", () => keyOf((x) => np.take(x, np.array([0, 2], { dtype: np.int32 })))],
])("%s traced twice has one key", (_, key) => {
  expect(key()).toBeTypeOf("string");
  expect(key()).toBe(key());
});

it.each<[string, string | undefined, string | undefined]>([
  ["shape", keyOf((x) => x.mul(2)), keyOf((x) => x.mul(2), [4])],
  ["type", keyOf((x) => x.add(1)), keyOf((x) => x.add(1), [3], DType.Int32)],
  ["literal", keyOf((x) => x.mul(2)), keyOf((x) => x.mul(2.5))],
  ["sign of zero", keyOf((x) => x.mul(0)), keyOf((x) => x.mul(-0))],
  [
    "infinity",
    keyOf((x) => np.minimum(x, Number.POSITIVE_INFINITY)),
    keyOf((x) => np.minimum(x, Number.NEGATIVE_INFINITY)),
  ],
  ["operation", keyOf((x) => np.exp(x)), keyOf((x) => np.log(x))],
  ["order of operands", keyOf((x) => x.ref.sub(np.exp(x))), keyOf((x) => np.exp(x.ref).sub(x))],
  ["order of inputs", keyOf((x, y) => x.sub(y)), keyOf((x, y) => y.sub(x))],
  ["constant", keyOf(shifted(3)), keyOf(shifted(4))],
  [
    "parameter",
    keyOf(
      padded([
        [0, 1],
        [2, 3],
      ]),
      [2, 2],
    ),
    keyOf(
      padded([
        [0, 1],
        [3, 2],
      ]),
      [2, 2],
    ),
  ],
  ["nested program", keyOf(nested(2)), keyOf(nested(3))],
  ["axis", keyOf((x) => x.sum(0), [2, 2]), keyOf((x) => x.sum(1), [2, 2])],
  ["way of lowering", keyOf((x) => x.mul(2)), keyOf((x) => x.mul(2), [3], DType.Float32, "other")],
])("another %s makes another key", (_, one, other) => {
  expect(one).toBeTypeOf("string");
  expect(one).not.toBe(other);
});

it("large constants have no key", () => {
  const large = np.array(Array.from({ length: 300_000 }, (_, i) => i));
  expect(keyOf((x) => x.add(large.ref), [300_000])).toBeUndefined();
});
