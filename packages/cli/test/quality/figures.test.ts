import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { columnScale, features, inUnitsOf, verdicts } from "../../src/quality/features.js";
import { nearestImages } from "../../src/quality/nearest.js";
import { frechetDistance, precisionRecall } from "../../src/quality/quality.js";

/** Normal rows: column j with mean `at[j]` and standard deviation `std[j]`. */
function normalRows(count: number, at: readonly number[], std: readonly number[], seed: number) {
  const rng = makeRng(seed, 1);
  const rows = Array.from({ length: count }, () => at.map((m, j) => m + std[j]! * rng.normal())).flat();
  return features(rows, at.length);
}

describe("Fréchet distance", () => {
  it("of a set to itself is 0, and grows by the square of a shift", () => {
    const a = normalRows(500, [0, 1, 2], [1, 2, 0.5], 1);
    expect(frechetDistance(a, a)).toBeLessThan(1e-9);
    const shifted = { ...a, rows: a.rows.map((value, i) => value + [3, 0, -4][i % 3]!) };
    expect(frechetDistance(a, shifted)).toBeCloseTo(25, 9);
  });

  it("of axis-aligned Gaussians is Σ (σ₁ − σ₂)², up to the sampling error", () => {
    const a = normalRows(40_000, [0, 0], [1, 3], 1);
    const b = normalRows(40_000, [0, 0], [2, 1], 2);
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 4, 0);
    expect(Math.abs(frechetDistance(a, b) - 5)).toBeLessThan(0.15); // 3 standard errors, 3 · 3/√80,000 · (3 − 1) · 2
    expect(frechetDistance(b, a)).toBeCloseTo(frechetDistance(a, b), 9);
  });

  it("sees correlations, which moments of single columns do not show", () => {
    const rng = makeRng(3, 1);
    const pairs = (rho: number) =>
      features(
        Array.from({ length: 5000 }, () => {
          const [x, y] = [rng.normal(), rng.normal()];
          return [x, rho * x + Math.sqrt(1 - rho ** 2) * y];
        }).flat(),
        2,
      );
    expect(frechetDistance(pairs(0.9), pairs(-0.9))).toBeGreaterThan(1);
  });
});

describe("precision and recall", () => {
  it("of samples of the same distribution are high, of one mode of two have half of the recall", () => {
    const real = features([...normalRows(200, [0], [1], 1).rows, ...normalRows(200, [50], [1], 2).rows], 1);
    const same = features([...normalRows(200, [0], [1], 3).rows, ...normalRows(200, [50], [1], 4).rows], 1);
    const half = normalRows(400, [0], [1], 5);
    const both = precisionRecall(real, same);
    expect(Math.min(both.precision, both.recall)).toBeGreaterThan(0.9);
    const one = precisionRecall(real, half);
    expect(one.precision).toBeGreaterThan(0.9);
    expect(one.recall).toBeCloseTo(0.5, 1);
    const far = precisionRecall(real, normalRows(100, [1000], [1], 6));
    expect(far).toEqual({ precision: 0, recall: 0 });
  });
});

describe("features", () => {
  it("are in units of the reference; a constant column stays", () => {
    const reference = features([0, 7, 4, 7], 2);
    expect(Array.from(columnScale(reference).std)).toEqual([2, 1]);
    expect(Array.from(inUnitsOf(reference, reference).rows)).toEqual([0, 7, 2, 7]);
  });

  it("give the softmax of logits, and probabilities as they are", () => {
    const [logits] = verdicts(features([0, Math.log(19), -5, 0], 4));
    expect(logits!.label).toBe(1);
    expect(logits!.probability).toBeCloseTo(19 / (20 + Math.exp(-5) + 0), 1);
    const [given] = verdicts(features([0.2, 0.95, 0], 3));
    expect(given).toEqual({ label: 1, probability: 0.95 });
    expect(Array.from(features([0, 1], 2).rows)).toEqual([
      expect.closeTo(-13.8155, 3),
      expect.closeTo(13.8155, 3),
    ]);
  });
});

it("finds the nearest training image, also where it stands in the last part", async () => {
  const size = 4;
  const training = Uint8Array.from({ length: 2100 * size }, (_, i) => (Math.floor(i / size) * 37 + i) % 251);
  const images = Uint8Array.from([
    ...training.subarray(2098 * size, 2099 * size),
    ...training.subarray(0, size),
  ]);
  images[0]! += 2;
  const executor = jaxExecutor();
  const { places, distances } = await nearestImages(executor, images, training, size);
  await executor.dispose();
  const brute = [0, 1].map((i) => {
    let best = Number.POSITIVE_INFINITY;
    for (let t = 0; t < 2100; t++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (images[i * size + k]! - training[t * size + k]!) ** 2;
      best = Math.min(best, sum);
    }
    return Math.sqrt(best / size);
  });
  expect(places[1]).toBe(0);
  expect(distances[0]).toBeCloseTo(brute[0]!, 1);
  expect(distances[1]).toBeLessThan(0.2); // float32 of |s|² + |t|² − 2 s·t, in levels of 255
});
