/** Graphs for batches of any size. */
import { DType, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { lower } from "../src/lower.js";
import { withSymbolicAxes } from "../src/symbolic/symbolic-axes.js";
import { trace } from "../src/trace.js";
import { host } from "./compare.js";

/** Of examples of `width` numbers. */
const open = (f: (x: np.Array) => np.Array[], width: number) =>
  withSymbolicAxes({
    name: "f",
    traced: ([batch]) => trace(f, [host([], [batch as number, width], DType.Float32)], "f").jaxpr,
    lowered: (jaxpr) => lower(jaxpr, { inputNames: ["x"] }),
    symbols: [{ name: "batch", input: "x", axis: 0 }],
  });

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
    /cannot be exported for a batch of any size/,
  );
});

describe("is refused where a program is another one for some batches:", () => {
  const rows = (x: np.Array): number => x.shape[0] as number;
  const programs: { readonly [what: string]: (x: np.Array) => np.Array } = {
    "a maximum": (x) => x.mul(Math.max(rows(x), 100)),
    "a remainder": (x) => x.mul(1 + (rows(x) % 2)),
    "a quotient in whole numbers": (x) => x.add(Math.floor(rows(x) / 64)),
    "a condition": (x) => (rows(x) > 50 ? np.exp(x) : np.tanh(x)),
    "one size": (x) => (rows(x) === 4 ? np.exp(x) : np.tanh(x)),
    "very many examples": (x) => (rows(x) > 20_000 ? np.exp(x) : np.tanh(x)),
    "one part of the batch": (x) => x.mul(1 / rows(x)),
    "a mean over the examples": (x) => x.sub(np.mean(x.ref, 0)),
    "a table of the examples": (x) => x.add(np.arange(rows(x)).reshape([-1, 1])),
    "a constant for each example": (x) => x.mul(np.full([rows(x), 1], rows(x) > 90 ? 2 : 1)),
    "the first examples, fifty at most": (x) => {
      const count = Math.min(rows(x), 50);
      return np.concatenate([x.ref.slice([0, count]), np.exp(x.slice([count]))], 0);
    },
    "a power that follows the batch": (x) => np.power(x, rows(x) >= 12 && rows(x) < 64 ? 3 : 2),
  };
  it.each(Object.entries(programs))("%s", (_, f) => {
    expect(() => open((x) => [f(x)], 3)).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED_OP",
        message: expect.stringMatching(/cannot be exported for a batch of any size/),
      }),
    );
  });
});

it("is there where sizes only follow the batch", () => {
  const f = (x: np.Array): np.Array => {
    const batch = x.shape[0] as number;
    const flat = x.ref.reshape([batch * 3]).add(np.zeros([batch * 3]));
    return np.concatenate([flat.reshape([batch, 3]), np.ones([batch, 1]), x], 1);
  };
  expect(open((x) => [f(x)], 3).outputs[0]?.shape).toEqual(["batch", 7]);
});
