import { grad, numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { HostArray, jaxExecutor } from "../../src/index.js";
import { log, log1p } from "../../src/math/log.js";

/** f of each number, by a program of jax-js in WebAssembly. */
async function inWasm(f: (x: np.Array) => np.Array, xs: Float32Array): Promise<Float32Array> {
  const executor = jaxExecutor();
  const rows = new HostArray(xs, [xs.length], np.float32);
  const program = await executor.compile(f, [rows]);
  const { data } = (await executor.fetch(await program.run([rows]))) as unknown as HostArray;
  await program.dispose();
  return data as Float32Array;
}

const farthest = (found: Float32Array, wanted: readonly number[]): number =>
  Math.max(...wanted.map((value, i) => Math.abs((found[i] as number) - value) / (1 + Math.abs(value))));

// about 2, where those of jax-js are off by 1.2e-5, and from the least to the largest number
const around = Float32Array.from({ length: 4001 }, (_, i) => 0.5 + i / 1000);
const wide = Float32Array.from({ length: 801 }, (_, i) => 1.09 ** (i - 400) * 1.5);

it.each([around, wide])("logarithms in WebAssembly are exact to rounding", async (xs) => {
  const wanted = Array.from(xs, Math.log);
  expect(farthest(await inWasm(log, xs), wanted)).toBeLessThan(3e-7);
  const above = Array.from(xs, Math.log1p);
  expect(farthest(await inWasm(log1p, xs), above)).toBeLessThan(3e-7);
});

it("logarithms beyond all steps are those of jax-js, and slopes are 1 / x", async () => {
  const ends = Float32Array.of(0, 1e-37, 1e37, Number.POSITIVE_INFINITY, -1);
  const [zero, least, most, infinite, below] = await inWasm(log, ends);
  expect([zero, infinite, below]).toEqual([-Infinity, Infinity, Number.NaN]);
  expect(Math.abs((least as number) + 85.196)).toBeLessThan(1e-3);
  expect(Math.abs((most as number) - 85.196)).toBeLessThan(1e-3);
  const slopes = await inWasm(
    grad((x: np.Array) => np.sum(log(x))),
    Float32Array.of(1e-37, 1.9, 1e37),
  );
  expect(Math.abs((slopes[1] as number) * 1.9 - 1)).toBeLessThan(1e-6);
  expect(Array.from(slopes).every(Number.isFinite)).toBe(true);
});
