/** Minimal filtering: the trilinear form of every axis, and convolutions with their gradients. */
import { DType, grad, lax, makeJaxpr, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { lower } from "../src/lower.js";
import { type Minimal, minimalFiltering } from "../src/passes/convolutions/minimal-filtering.js";
import { expectSame, type Fn, spread } from "./compare.js";

const plain = { stride: 1, inputDilation: 1, kernelDilation: 1, reversed: false };
/** An axis beside the one that is looked at. */
const beside = { ...plain, input: 3, kernel: 2, output: 2, before: 0 };

/** The coefficient of x[input] w[kernel] y[output] that the products add up to. */
function coefficient(minimal: Minimal, input: number, kernel: number, output: number): number {
  const { points, tiles, matrices, roles } = minimal;
  let sum = 0;
  for (let i = 0; i < points; i++)
    for (let tile = 0; tile < tiles; tile++) {
      const entry = (role: "p" | "q" | "t", at: number) =>
        matrices[role][role === "t" ? i : i * tiles + tile]?.[at] as number;
      sum += entry(roles.input, input) * entry(roles.kernel, kernel) * entry(roles.output, output);
    }
  return sum;
}

describe("an axis", () => {
  const paddings = [
    [0, 0],
    [1, 1],
    [2, 0],
    [-1, 1],
  ] as const;
  const cases = [1, 2, 3, 4, 5, 7, 8, 14].flatMap((input) =>
    [1, 2, 3, 4].flatMap((kernel) =>
      paddings.flatMap(([before, after]) =>
        [false, true].map((reversed) => {
          const output = input + before + after - kernel + 1;
          return { input, kernel, before, output, reversed };
        }),
      ),
    ),
  );

  it.each(cases.filter(({ output }) => output > 0))(
    "$input entries, $kernel taps, $before before, reversed $reversed",
    (sizes) => {
      const [minimal] = minimalFiltering([{ ...plain, ...sizes }, beside]) ?? [];
      if (minimal === undefined) throw new Error("no form");
      const { input, output, kernel, before, reversed } = sizes;
      for (let p = 0; p < input; p++)
        for (let q = 0; q < output; q++)
          for (let k = 0; k < kernel; k++) {
            const t = reversed ? kernel - 1 - k : k;
            const expected = p === q + t - before ? 1 : 0;
            expect(coefficient(minimal, p, k, q)).toBeCloseTo(expected, 12);
          }
    },
  );

  // 3 taps with a zero on both sides: what they take along an axis, at most
  it.each([
    [1, 1],
    [2, 3],
    [3, 5],
    [4, 6],
    [7, 12],
    [8, 12],
    [14, 24],
  ])("%i entries take %i products, forward and back", (size, products) => {
    const forward = { ...plain, input: size, kernel: 3, output: size, before: 1 };
    const toInput = { ...forward, reversed: true };
    const toKernel = { ...forward, kernel: size, output: 3 };
    for (const axis of [forward, toInput, toKernel]) {
      const [form] = minimalFiltering([axis, beside]) ?? [];
      expect((form?.points ?? 0) * (form?.tiles ?? 0)).toBe(products);
    }
  });

  it("is left to the windows with a stride, a dilation or many taps", () => {
    const axis = { ...plain, input: 9, kernel: 3, output: 9, before: 1 };
    expect(minimalFiltering([{ ...axis, stride: 2, output: 5 }])).toBeUndefined();
    expect(minimalFiltering([{ ...axis, inputDilation: 2 }])).toBeUndefined();
    expect(minimalFiltering([{ ...axis, kernelDilation: 2 }])).toBeUndefined();
    expect(minimalFiltering([{ ...axis, kernel: 7, before: 3 }])).toBeUndefined();
    expect(minimalFiltering([{ ...axis, kernel: 1, before: 0 }])).toBeUndefined();
  });
});

type Case = [name: string, image: number[], kernel: number[], padding: "SAME" | "VALID" | [number, number][]];

/** Batches and channels by which minimal filtering takes less than windows. */
const cases: Case[] = [
  ["one tile", [8, 8, 4, 4], [9, 8, 3, 3], "SAME"],
  ["a whole axis at once", [4, 12, 2, 2], [12, 12, 3, 3], "SAME"],
  ["tiles that reach over the end", [8, 8, 7, 5], [9, 8, 3, 3], "SAME"],
  ["valid", [8, 8, 9, 6], [9, 8, 3, 2], "VALID"],
  [
    "padded more than the kernel",
    [8, 8, 4, 4],
    [9, 8, 3, 3],
    [
      [3, 2],
      [0, 1],
    ],
  ],
  ["flat kernel", [16, 24, 2, 8], [24, 24, 1, 3], "SAME"],
  ["one dimension", [16, 24, 9], [24, 24, 3], "SAME"],
  ["three dimensions", [8, 6, 4, 3, 4], [6, 6, 3, 2, 3], "SAME"],
];

/** Every case in float64; in float32 the first of them, for the digits that are lost. */
describe.each([
  [DType.Float32, cases.slice(0, 3)],
  [DType.Float64, cases],
] as const)("convolutions, %s", (dtype, those) => {
  for (const [at, [name, image, kernel, padding]] of those.entries())
    it(`${name}`, { tags: at % 3 === 0 ? [] : ["long"] }, async () => {
      const strides = kernel.slice(2).map(() => 1);
      const f = (x: np.Array, w: np.Array): np.Array => lax.convGeneralDilated(x, w, strides, padding);
      // not linear in the result, so that the gradients take it in
      const loss = (x: np.Array, w: np.Array): np.Array => np.sum(np.square(f(x, w).mul(0.125)));
      const both: Fn = (x, w) => [f(x.ref, w.ref), ...(grad(loss, { argnums: [0, 1] })(x, w) as np.Array[])];
      const args = [spread(image, dtype, 2), spread(kernel, dtype, 3)];
      const { jaxpr } = makeJaxpr(both as () => np.Array)(
        ...(args.map(({ shape }) => np.zeros([...shape], { dtype })) as []),
      );
      const { nodes } = lower(jaxpr, { itemwise: true });
      jaxpr.dispose();
      expect(nodes.map(({ op }) => op)).not.toContain("Gather");
      await expectSame(both, args, 4, { itemwise: true });
    });
});
