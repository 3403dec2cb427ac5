/** Splines that training may come to: bins as narrow as they get, beside slopes that differ by millions. */
import { beforeAll, expect, it } from "vitest";
import { entryForward, entryInverse } from "../../src/math/entry-splines.js";
import { makeRng } from "../../src/math/rng.js";
import { floats } from "../../src/params/host.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { usePrecision } from "../../src/testing/prepare.js";

beforeAll(() => usePrecision("float32"));

const SPLINES = 40;
const BINS = 32;
const BATCH = 200;

/** Raw parameters of a spread that makes nearly all bins collapse. */
const raw = (seed: number, columns: number, spread: number) => {
  const rng = makeRng(seed);
  return floats(
    Float32Array.from({ length: SPLINES * columns }, () => spread * rng.normal()),
    [SPLINES, columns],
  );
};
const params = (spread: number) => ({
  widths: raw(1, BINS, spread),
  heights: raw(2, BINS, spread),
  logDerivatives: raw(3, BINS - 1, spread),
});

it.each([1, 4, 10])("float32: finite, increasing, and back, at a spread of %d", async (spread) => {
  const rng = makeRng(4);
  // more and more of them near the ends, where knots crowd
  const x = Float32Array.from({ length: BATCH * SPLINES }, () => {
    const near = 10 ** (-7 * rng.uniform());
    return rng.uniform() < 0.5 ? near : 1 - near;
  });
  const byRow = Float32Array.from(x.keys(), (i) => x[i] as number);
  for (let s = 0; s < SPLINES; s++) {
    const column = Float32Array.from({ length: BATCH }, (_, b) => byRow[b * SPLINES + s] as number).sort();
    for (let b = 0; b < BATCH; b++) byRow[b * SPLINES + s] = column[b] as number;
  }
  const { z, logDerivative } = entryForward(params(spread), floats(byRow, [BATCH, SPLINES]), [SPLINES]);
  const values = await numbersOf(z.ref);
  expect((await numbersOf(logDerivative)).every(Number.isFinite)).toBe(true);
  expect(values.every((v) => v > -1e-3 && v < 1 + 1e-3)).toBe(true);
  for (let i = SPLINES; i < values.length; i++)
    expect((values[i] as number) - (values[i - SPLINES] as number)).toBeGreaterThan(-1e-6);
  const back = await numbersOf(entryInverse(params(spread), z, [SPLINES]));
  expect(back.every((v) => v > -1e-3 && v < 1 + 1e-3)).toBe(true);
});
