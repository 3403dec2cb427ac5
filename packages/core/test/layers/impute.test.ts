/** Numbers in place of noise: trends of those that are known hold for all rows, and the density is that of the known ones. */
import { beforeAll, describe, expect, it } from "vitest";
import { fit, flowify, jaxExecutor, type NetworkLayer } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { sum } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";

beforeAll(() => usePrecision("float32"));

const SPREAD = 0.2;

/** Rows [x, y, code]: y follows x in a quarter of the rows, in the others it is noise, as the code says. */
function rowsOf(seed: number, count: number): number[][] {
  const rng = makeRng(seed, 9);
  return Array.from({ length: count }, () => {
    const x = 3 + 2 * rng.normal();
    const known = rng.uniform() < 0.25;
    return [x, known ? x + SPREAD * rng.normal() : 3 + 2 * rng.normal(), known ? 0 : 1];
  });
}

const logNormal = (z: number, std: number): number =>
  -0.5 * (z / std) ** 2 - Math.log(std * Math.sqrt(2 * Math.PI));

const started = (layers: readonly NetworkLayer[], rows = rowsOf(1, 2000)) =>
  fit(
    flowify({
      inShape: [3],
      layers: [
        {
          kind: "mixedRow",
          columns: [2],
          edges: [[-0.5, 0.5, 1.5]],
          layers: [...layers, { kind: "whiten", scaled: true }, { kind: "affine" }],
        },
      ],
    }),
    rows,
    { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 2 },
  );

const put: NetworkLayer = { kind: "impute", numbers: [1], known: [0] };

describe("impute", () => {
  it("lets one Gaussian of all rows be the law of those that know the number", async () => {
    const [model, without] = [await started([put]), await started([])];
    const known = rowsOf(3, 4000).filter(([, , code]) => code === 0);
    const truth = known.map(
      ([x = 0, y = 0]) => Math.log(0.25) + logNormal(x - 3, 2) + logNormal(y - x, SPREAD),
    );
    const mean = (logs: ArrayLike<number>): number => sum(Array.from(logs)) / logs.length;
    const [own, plain] = [mean(await model.logProb(known)), mean(await without.logProb(known))];
    expect(mean(truth) - own).toBeLessThan(0.1);
    expect(mean(truth) - plain).toBeGreaterThan(1);
    for (const each of [model, without]) await each.dispose();
  });

  it("draws numbers that follow the others as the known ones do", async () => {
    const model = await started([put]);
    const drawn = await model.sampleFlat(4000, { seed: 1 });
    const rows = Array.from({ length: 4000 }, (_, r) => drawn.subarray(3 * r, 3 * r + 3));
    const gaps = rows.filter(([, , code]) => code! < 0.5).map(([x, y]) => (y! - x!) ** 2);
    expect(gaps.length / 4000).toBeGreaterThan(0.2);
    expect(Math.sqrt(sum(gaps) / gaps.length)).toBeLessThan(1.5 * SPREAD);
    await model.dispose();
  });

  it("leaves noise where no row knows the number", async () => {
    const model = await started(
      [put],
      rowsOf(1, 400).map(([x = 0, y = 0]) => [x, y, 1]),
    );
    expect(Number.isFinite((await model.logProb([[3, 3, 0]]))[0])).toBe(true);
    expect((await model.sampleFlat(10, { seed: 1 })).every(Number.isFinite)).toBe(true);
    await model.dispose();
  });
});
