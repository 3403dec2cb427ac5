/** The rule of convolutions alone, without the passes that gather windows: Conv, ConvTranspose, and what is neither. */
import { DType, grad, lax, numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { lower } from "../src/lower.js";
import { portable } from "../src/target.js";
import { trace } from "../src/trace.js";
import { type Fn, runJax, spread } from "./compare.js";
import { runLowered } from "./run-lowered.js";

type A = np.Array;
type Case = Readonly<{
  name: string;
  image: readonly number[];
  kernel: readonly number[];
  operators: readonly string[];
  conv: (x: A, w: A) => A;
}>;

const SAME: [number, number][] = [
  [1, 2],
  [0, 1],
];

const cases: readonly Case[] = [
  {
    name: "strides and uneven padding",
    image: [2, 3, 7, 6],
    kernel: [4, 3, 3, 2],
    operators: ["Conv"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [2, 1], SAME),
  },
  {
    name: "negative padding",
    image: [2, 3, 9, 8],
    kernel: [4, 3, 3, 3],
    operators: ["Slice", "Pad", "Conv"],
    conv: (x, w) =>
      lax.convGeneralDilated(
        x,
        w,
        [1, 1],
        [
          [-1, 2],
          [0, -1],
        ],
      ),
  },
  {
    name: "padding on one side and cropping of all on the other",
    image: [2, 3, 1, 8],
    kernel: [2, 3, 1, 2],
    operators: ["Pad", "Slice", "Conv"],
    conv: (x, w) =>
      lax.convGeneralDilated(
        x,
        w,
        [2, 2],
        [
          [1, -1],
          [0, 0],
        ],
      ),
  },
  {
    name: "a dilated kernel",
    image: [2, 3, 9, 8],
    kernel: [4, 3, 3, 2],
    operators: ["Conv"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [1, 1], SAME, { rhsDilation: [2, 3] }),
  },
  {
    name: "groups",
    image: [2, 4, 6, 6],
    kernel: [6, 2, 3, 3],
    operators: ["Conv"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [1, 1], "SAME", { featureGroupCount: 2 }),
  },
  {
    name: "a dilated input",
    image: [2, 3, 4, 5],
    kernel: [5, 3, 3, 2],
    operators: ["ConvTranspose"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [1, 1], SAME, { lhsDilation: [2, 3] }),
  },
  {
    name: "a dilated input, padded more than its kernel reaches",
    image: [2, 3, 4, 4],
    kernel: [5, 3, 2, 2],
    operators: ["ConvTranspose", "Pad"],
    conv: (x, w) =>
      lax.convGeneralDilated(
        x,
        w,
        [1, 1],
        [
          [2, 3],
          [1, 1],
        ],
        { lhsDilation: [2, 2] },
      ),
  },
  {
    name: "both dilated and strided",
    image: [2, 3, 5, 5],
    kernel: [2, 3, 3, 3],
    operators: ["Gemm"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [2, 2], SAME, { lhsDilation: [3, 3], rhsDilation: [2, 1] }),
  },
  {
    name: "many windows, gathered",
    image: [1, 2, 60],
    kernel: [2, 2, 20],
    operators: ["Gather"],
    conv: (x, w) => lax.convGeneralDilated(x, w, [2], [[1, 2]], { lhsDilation: [2], rhsDilation: [2] }),
  },
];

it.each(cases)("$name", async ({ image, kernel, operators, conv }) => {
  const inputs = [spread(image, DType.Float32), spread(kernel, DType.Float32, 2)];
  const { jaxpr } = trace(conv, inputs, "conv");
  const found = lower(jaxpr, { target: portable }).nodes.map(({ op }) => op);
  jaxpr.dispose();
  expect(found).toEqual(expect.arrayContaining([...operators]));
  const gradients: Fn = (x, w) => grad((a: A, b: A) => np.sum(np.sin(conv(a, b))), { argnums: [0, 1] })(x, w);
  for (const f of [conv as Fn, gradients]) {
    const { results } = await runLowered({ name: "conv", f, inputs }, portable);
    runJax(f, inputs).forEach(({ shape, data }, k) => {
      expect(results[k]?.shape).toEqual(shape);
      const off = Array.from(data, (value, i) => Math.abs(Number(value) - Number(results[k]?.data[i])));
      expect(Math.max(...off)).toBeLessThan(2e-5);
    });
  }
});
