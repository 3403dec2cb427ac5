/**
 * A result of a convolution depends on the pixels of its window: one that is far larger than the others, or not finite, changes
 * no other result by a bit, but in programs that are compiled for sums over an example.
 */
import { DType, init, lax } from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import { type Fn, host, runJax, spread } from "./compare.js";
import { runLowered } from "./run-lowered.js";

type Case = [
  name: string,
  image: number[],
  kernel: number[],
  strides: number[],
  padding: "SAME" | "VALID",
  transposed?: boolean,
];

const cases: Case[] = [
  ["one tile of minimal filtering", [8, 8, 4, 4], [9, 8, 3, 3], [1, 1], "SAME"],
  ["tiles that reach over the end", [8, 8, 7, 5], [9, 8, 3, 3], [1, 1], "SAME"],
  ["a whole axis at once", [4, 12, 2, 2], [12, 12, 3, 3], [1, 1], "SAME"],
  ["many images of a few pixels", [64, 16, 3, 3], [16, 16, 3, 3], [1, 1], "SAME"],
  ["strides", [16, 8, 8, 8], [8, 8, 3, 3], [2, 2], "SAME"],
  ["a kernel as large as the image", [16, 8, 4, 4], [8, 8, 4, 4], [1, 1], "SAME"],
  ["one dimension", [16, 24, 9], [24, 24, 3], [1], "VALID"],
  ["a transposed convolution", [8, 8, 4, 4], [8, 8, 3, 3], [2, 2], "SAME", true],
];

beforeAll(() => init("wasm"));

it.each(cases)("%s", async (_, image, kernel, strides, padding, transposed) => {
  const f: Fn = (x, w) =>
    transposed ? lax.convTranspose(x, w, strides, padding) : lax.convGeneralDilated(x, w, strides, padding);
  const x = spread(image, DType.Float32, 2);
  const w = spread(kernel, DType.Float32, 3);
  const odd = Math.floor(x.data.length / 2) + 1;
  const ones = host(Array(w.data.length).fill(1), kernel, DType.Float32);
  const only = host(
    Array.from(x.data, (_, i) => Number(i === odd)),
    image,
    DType.Float32,
  );
  const [seen] = runJax(f, [only, ones], "wasm");
  const [before] = (await runLowered({ name: "conv", f, inputs: [x, w] })).results;
  const unseen = Array.from(seen?.data ?? []).filter((n) => n === 0).length;
  expect(unseen).toBeGreaterThan(0);
  expect(unseen).toBeLessThan(seen?.data.length as number);
  for (const pixel of [1e6, Number.POSITIVE_INFINITY, Number.NaN]) {
    const changed = host(Array.from(x.data), image, DType.Float32);
    changed.data[odd] = pixel;
    const [after] = (await runLowered({ name: "conv", f, inputs: [changed, w] })).results;
    const moved = Array.from(seen?.data ?? []).filter(
      (n, i) => n === 0 && !Object.is(before?.data[i], after?.data[i]),
    );
    expect(moved.length, `results that do not see the ${pixel}`).toBe(0);
    const kept = Array.from(seen?.data ?? []).filter((n, i) => n !== 0 && before?.data[i] === after?.data[i]);
    expect(kept.length, `results that see the ${pixel}`).toBe(0);
  }
});
