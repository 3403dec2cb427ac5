/** Densities that need no training, against their formulas. */
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { kernelBaseline } from "../../src/baselines/kernels.js";
import { mixtureBaseline } from "../../src/baselines/normal-mixture.js";
import { chowLiuBaseline } from "../../src/baselines/rows.js";
import type { RowSet } from "../../src/data/image-set.js";

const rowSet = (rows: readonly (readonly number[])[]): RowSet => ({
  name: "rows",
  split: "train",
  hash: "",
  count: rows.length,
  shape: [rows[0]!.length],
  rows: Float32Array.from(rows.flat()),
});

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("a Chow–Liu tree", () => {
  const rng = makeRng(4);
  /** Three columns of two values: the last follows the first, whatever the second is. */
  const draw = (count: number) => {
    const codes = Array.from({ length: count }, () => {
      const a = Number(rng.uniform() < 0.3);
      return [a, Number(rng.uniform() < 0.5), rng.uniform() < 0.9 ? a : 1 - a];
    });
    return { codes: Int32Array.from(codes.flat()), count, sizes: [2, 2, 2] };
  };
  const train = draw(5000);

  it("is a probability: it sums to 1 over all rows", () => {
    const all = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, i >> 2]);
    const nll = chowLiuBaseline(train, { codes: Int32Array.from(all.flat()), count: 8, sizes: [2, 2, 2] });
    expect(nll.reduce((sum, nats) => sum + Math.exp(-nats), 0)).toBeCloseTo(1, 9);
  });

  it("finds which column depends on which", () => {
    const entropy = (p: number): number => -p * Math.log(p) - (1 - p) * Math.log(1 - p);
    expect(mean(chowLiuBaseline(train, draw(5000)))).toBeCloseTo(entropy(0.3) + Math.LN2 + entropy(0.1), 1);
  });
});

it("a kernel density is a normal around each row, and integrates to 1", () => {
  const train = rowSet([[0], [1], [5], [6], [6.5]]);
  const nodes = Array.from({ length: 6001 }, (_, i) => [(i - 2000) / 100]);
  const density = kernelBaseline(train, rowSet(nodes)).map((nats) => Math.exp(-nats));
  expect(density.reduce((a, b) => a + b, 0) / 100).toBeCloseTo(1, 4);
  const at = (x: number): number => density[2000 + 100 * x]!;
  expect(at(6)).toBeGreaterThan(at(3));
});

it("a mixture has as many normals as the criterion says, and the density of what it is fitted to", async () => {
  const rng = makeRng(9);
  const draw = (count: number) =>
    rowSet(
      Array.from({ length: count }, () => {
        const far = rng.uniform() < 0.25 ? 40 : 0;
        return [far + 2 * rng.normal(), far / 10 + rng.normal()];
      }),
    );
  const found = mean(await mixtureBaseline(draw(2000), draw(2000)));
  const choice = -0.25 * Math.log(0.25) - 0.75 * Math.log(0.75);
  expect(found).toBeCloseTo(choice + Math.log(2 * Math.PI * Math.E) + Math.log(2), 1);
});
