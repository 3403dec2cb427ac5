/** Where results may differ from those of jax-js by more than rounding (docs/semantics.md): a row, a switch, two tests. */

import { DType, defaultDevice, init, lax, numpy as np } from "@jax-js/jax";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ortCpu, type Semantics, strict, type Target } from "../src/target.js";
import { aggressive } from "./aggressive.js";
import { type Fn, host, runJax } from "./compare.js";
import type { HostArray } from "./host-array.js";
import { runLowered } from "./run-lowered.js";

const { Float32, Int32, Uint32 } = DType;
const floats = (values: readonly number[], shape: readonly number[] = [values.length]): HostArray =>
  host(values, shape, Float32);

type Row = Readonly<{
  row: string;
  name: keyof Semantics;
  f: Fn;
  inputs: readonly HostArray[];
  fixed?: readonly number[];
  itemwise?: boolean;
  /** The numbers of `ortCpu`, and of jax-js. */
  native: readonly number[];
  jax: readonly number[];
}>;

const nan = Number.NaN;
const ones = (n: number): number[] => Array<number>(n).fill(1);

const rows: readonly Row[] = [
  {
    row: "constants added one after another",
    name: "reassociation",
    f: (x) => x.add(2 ** 30).sub(2 ** 30),
    inputs: [floats([1, -3])],
    native: [1, -3],
    jax: [0, 0],
  },
  {
    row: "three matrices",
    name: "reassociation",
    f: (x, a, b) => np.matmul(np.matmul(x, a), b),
    inputs: [1e30, 1e30, 1e-30].map((n) => floats([n, 0, 0, n], [2, 2])),
    fixed: [1, 2],
    native: [1e30, 0, 0, 1e30],
    jax: [Number.POSITIVE_INFINITY, nan, nan, Number.POSITIVE_INFINITY],
  },
  {
    row: "quotients of very small numbers",
    name: "quotients",
    f: (x, y) => x.div(y),
    inputs: [floats([0, 1e-39]), floats([1e-39, 2e-39])],
    native: [0, 0.5],
    jax: [nan, Number.POSITIVE_INFINITY],
  },
  {
    row: "a factor of all terms of a sum",
    name: "factoredSums",
    f: (x, y) => np.matmul(x, np.broadcastTo(y, [2, 1])),
    inputs: [floats([3e38, 3e38], [1, 2]), floats([0.5], [1, 1])],
    native: [Number.POSITIVE_INFINITY],
    jax: [3e38],
  },
  {
    row: "the hyperbolic tangent near 0",
    name: "ownFunctions",
    f: (x) => np.floor(np.tanh(x).mul(1e10).add(0.5)),
    inputs: [floats([1e-9])],
    native: [10],
    jax: [0],
  },
  {
    row: "the error function to eight digits",
    name: "ownFunctions",
    f: (x) => np.floor(lax.erf(x).mul(1e7).add(0.5)),
    inputs: [floats([0.9])],
    native: [7969082],
    jax: [7969081],
  },
  {
    row: "the maximum of an axis with NaN",
    name: "lostNaN",
    f: (x) => np.max(x, 1),
    inputs: [floats([1, nan, 2, 3, 4, 5], [2, 3])],
    native: [2, 5],
    jax: [nan, 5],
  },
  {
    row: "sums of integers beyond the ends",
    name: "saturation",
    f: (x) => np.sum(x),
    inputs: [host([2 ** 31 - 1, 2, 3], [3], Int32)],
    native: [2 ** 31 - 1],
    jax: [-(2 ** 31) + 4],
  },
  {
    row: "sums that overflow unless each term is multiplied first",
    name: "factoredSums",
    f: (x, y) => np.matmul(x.mul(2 ** -10), y),
    inputs: [floats([3e38, 3e38, 1, 1], [2, 2]), floats([1, 1, 1, 2], [2, 2])],
    native: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2 ** -9, 3 * 2 ** -10],
    jax: [6e38 * 2 ** -10, 9e38 * 2 ** -10, 2 ** -9, 3 * 2 ** -10],
  },
  {
    row: "sums of products of integers beyond the ends",
    name: "saturation",
    f: (x, y) => np.dot(x, y),
    inputs: [host([2 ** 31 - 1, 2, 3], [3], Int32), host([1, 1, 1], [3], Int32)],
    native: [2 ** 31 - 1],
    jax: [-(2 ** 31) + 4],
  },
  {
    row: "cumulative sums of integers beyond the ends",
    name: "saturation",
    f: (x) => np.cumsum(x),
    inputs: [host([2 ** 31 - 1, 1, 2], [3], Int32)],
    native: [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1],
    jax: [2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 2],
  },
  {
    row: "products of unsigned integers beyond the ends",
    name: "saturation",
    f: (x) => np.prod(x, 1),
    inputs: [host([2 ** 31 + 1, 2 ** 31 + 3, 5, 7, 3, 1, 1, 1, 1, 3], [2, 5], Uint32)],
    native: [2 ** 32 - 1, 3],
    jax: [315, 3],
  },
  {
    row: "a convolution of an image with one number that is not finite",
    name: "minimalFiltering",
    f: (x, w) => lax.convGeneralDilated(x, w, [1, 1], "SAME").slice([0, 1], [0, 1], [0, 1], [0, 1]),
    inputs: [floats([...ones(15), Number.POSITIVE_INFINITY], [1, 1, 4, 4]), floats(ones(9), [1, 1, 3, 3])],
    itemwise: true,
    native: [nan],
    jax: [4],
  },
];

async function numbersOf({ f, inputs, fixed = [], itemwise = false }: Row, target: Target) {
  const { results } = await runLowered({ name: "row", f, inputs, fixed, itemwise }, target);
  return [...(results[0] as HostArray).data].map((value) => Math.fround(Number(value)));
}

const rounded = (values: readonly number[]): number[] => values.map(Math.fround);

describe.each(rows)("$row", (row) => {
  let before: ReturnType<typeof defaultDevice>;
  beforeAll(async () => {
    await init("wasm");
    before = defaultDevice();
  });
  afterAll(() => {
    defaultDevice(before);
  });

  it("differs for ONNX Runtime on processors, by its switch alone", async () => {
    expect(await numbersOf(row, ortCpu)).toEqual(rounded(row.native));
    const off = { ...ortCpu, semantics: { ...ortCpu.semantics, [row.name]: false } };
    expect(await numbersOf(row, off)).toEqual(rounded(row.jax));
  });

  it("is that of jax-js where the target is strict", async () => {
    expect(await numbersOf(row, strict)).toEqual(rounded(row.jax));
    const [eager] = runJax(row.f, row.inputs, "wasm") as [HostArray];
    expect([...eager.data].map((value) => Math.fround(Number(value)))).toEqual(rounded(row.jax));
  });
});

const strictAtEverySize: Target = { ...aggressive, semantics: strict.semantics };
/** Numbers just below 2³² and 2³¹, whose products are just below 2⁶³. */
const unsigned = (shape: readonly number[], side: number): HostArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  return host(
    Array.from({ length: size }, (_, i) => 2 ** (32 - side) - 1 - ((3 * i) % 7)),
    shape,
    Uint32,
  );
};

describe("sums of products of large unsigned integers wrap around", () => {
  beforeAll(async () => {
    await init("wasm");
  });

  it.each<[string, Fn, readonly number[], readonly number[]]>([
    ["two vectors", (x, y) => np.dot(x, y), [5], [5]],
    ["a matrix and a vector", (x, y) => np.matmul(x, y), [3, 5], [5]],
    [
      "rows of two matrices",
      (x, y) =>
        lax.dot(x, y, {
          lhsContractingDims: [1],
          rhsContractingDims: [1],
          lhsBatchDims: [0],
          rhsBatchDims: [0],
        }),
      [4, 5],
      [4, 5],
    ],
    ["two matrices", (x, y) => np.matmul(x, y), [3, 5], [5, 2]],
    [
      "two axes of two arrays",
      (x, y) => lax.dot(x, y, { lhsContractingDims: [0, 2], rhsContractingDims: [0, 1] }),
      [3, 2, 5],
      [3, 5, 4],
    ],
  ])("%s", async (name, f, left, right) => {
    const inputs = [unsigned(left, 0), unsigned(right, 1)];
    const [expected] = runJax(f, inputs, "wasm") as [HostArray];
    for (const target of [ortCpu, strict, strictAtEverySize]) {
      const { results } = await runLowered({ name, f, inputs }, target);
      expect([...(results[0] as HostArray).data].map(Number)).toEqual([...expected.data].map(Number));
    }
  });
});
