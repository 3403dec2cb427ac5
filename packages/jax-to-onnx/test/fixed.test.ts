/** What is joined where arguments are the same in every run, and what is written out for elementwise nodes. */

import { DType, lax, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { LoweredGraph } from "../src/lower.js";
import { type Fn, lowerFixed, runJax, spread } from "./compare.js";
import type { HostArray } from "./host-array.js";
import { runLowered } from "./run-lowered.js";

type A = np.Array;
type Shapes = readonly (readonly number[])[];

/** The graph of f of one argument and of others, which may be fixed. */
const lowered = (f: Fn, shapes: Shapes, fixed: boolean): LoweredGraph =>
  lowerFixed(f, shapes, { fixed: fixed ? shapes.map((_, i) => i).slice(1) : [] });

/** Expects the numbers of jax-js from a program into which all arguments but the first are built. */
async function expectSameFixed(f: Fn, shapes: Shapes): Promise<void> {
  const args = shapes.map((shape, i) => spread(shape, DType.Float32, i + 1));
  const fixed = args.map((_, i) => i).slice(1);
  const [found] = (await runLowered({ name: "fixed", f, inputs: args, fixed })).results as [HostArray];
  const [expected] = runJax(f, args) as [HostArray];
  expect(found.shape).toEqual(expected.shape);
  const size = Math.max(...expected.data.map(Math.abs));
  found.data.forEach((value, i) =>
    expect(Math.abs(value - (expected.data[i] as number))).toBeLessThan(2e-6 * size),
  );
}

const flops = (...sizes: [number, number, number][]): number =>
  sizes.reduce((sum, [m, k, n]) => sum + 2 * m * k * n, 0);

describe("columns beside those of a product", () => {
  const widths = { rows: 6, left: 3, kept: 5 };
  const { rows, left, kept } = widths;
  const all = left + kept;
  const shapes = [[rows, all], [kept, kept], [kept], [all, all], [all, all]];
  /** [y, x A diag(s)] B, and with another product after it, as the inverse of a dense layer and of whitening are. */
  const inverse = (x: A, a: A, s: A, b: A): A => {
    const [y, z] = np.split(x, [left], 1) as [A, A];
    return np.matmul(np.concatenate([np.sin(y), np.matmul(np.cos(z), a).mul(np.exp(s))], 1), b);
  };
  const twice = (x: A, a: A, s: A, b: A, c: A): A => np.matmul(inverse(x, a, s, b), np.transpose(c));

  it("takes one product less where the matrices are fixed", () => {
    const one: Fn = (x, a, s, b) => inverse(x, a, s, b);
    const shapesOfOne = shapes.slice(0, 4);
    expect(lowered(one, shapesOfOne, true).flops).toBe(flops([rows, all, all]));
    expect(lowered(one, shapesOfOne, false).flops).toBe(flops([rows, kept, kept], [rows, all, all]));
    expect(lowered(twice as Fn, shapes, true).flops).toBe(flops([rows, all, all]));
  });

  it("gives the same numbers", async () => {
    await expectSameFixed((x, a, s, b) => inverse(x, a, s, b), shapes.slice(0, 4));
    await expectSameFixed(twice, shapes);
  });
});

describe("a pointwise convolution after a convolution", () => {
  const conv = (x: A, w: A): A => lax.convGeneralDilated(x, w, [1, 1], "SAME");
  const bias = (b: A): A => b.reshape([1, -1, 1, 1]);
  const chain = (x: A, w: A, b: A, v: A, c: A): A => conv(conv(x, w).add(bias(b)), v).add(bias(c));
  const shapes = (channels: number): Shapes => [
    [2, 3, 5, 5],
    [6, 3, 3, 3],
    [6],
    [channels, 6, 1, 1],
    [channels],
  ];
  const shared = (channels: number) =>
    [true, false].map((fixed) => lowered(chain as Fn, shapes(channels), fixed));

  it("is one convolution where both are fixed", () => {
    const [joined, apart] = shared(6);
    expect((apart?.flops ?? 0) - (joined?.flops ?? 0)).toBeGreaterThanOrEqual(flops([2 * 25, 6, 6]));
  });

  it("stays two where it has more channels than the first", () => {
    const [fixed, apart] = shared(7);
    expect(fixed?.nodes.map(({ op }) => op)).toEqual(apart?.nodes.map(({ op }) => op));
  });

  it.each([6, 4, 7])("gives the same numbers with %i channels", (channels) =>
    expectSameFixed(chain, shapes(channels)),
  );

  it("stays two where the second one moves the image", () =>
    expectSameFixed(
      (x, w, v) =>
        lax.convGeneralDilated(
          conv(x, w),
          v,
          [1, 1],
          [
            [1, -1],
            [0, 0],
          ],
        ),
      [
        [2, 3, 5, 5],
        [6, 3, 3, 3],
        [5, 6, 1, 1],
      ],
    ));

  it("gives the same numbers with an image added between", () =>
    expectSameFixed(
      (x, w, b, v) => conv(conv(x, w).add(b), v),
      [
        [2, 3, 5, 5],
        [6, 3, 3, 3],
        [1, 6, 5, 5],
        [5, 6, 1, 1],
      ],
    ));
});
