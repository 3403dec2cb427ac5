import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { exportFunction } from "@flowify/onnx/browser";
import type { numpy as np } from "@jax-js/jax";
import { portable } from "jax-to-onnx";
import { toBytes } from "jax-to-onnx/internal";
import { describe, expect, it } from "vitest";
import { calibrationOf, conformalP } from "../src/detect/calibration.js";
import { heldArrays, heldOf, pOf, smoothP } from "../src/guard/smooth-p.js";

const normals = (seed: number, count: number): Float64Array => {
  const rng = makeRng(seed);
  return Float64Array.from({ length: count }, () => rng.normal());
};

/** The steps of split conformal prediction. */
const steps = (held: ArrayLike<number>, score: number): number =>
  (1 + Array.from(held).filter((each) => each >= score).length) / (held.length + 1);

describe("a p-value without steps", () => {
  const scores = normals(1, 400);
  const held = heldOf(scores, 1e-6);

  it("is at least that of split conformal prediction, and less than the share of a width more", () => {
    for (const score of [...normals(2, 500), ...scores, -50, 50]) {
      const own = Math.fround(score); // as held-out scores are
      const p = smoothP(held, own);
      expect(p).toBeGreaterThanOrEqual(steps(held.scores, own) - 1e-9);
      expect(p).toBeLessThanOrEqual(steps(held.scores, own - held.width) + 1e-9);
    }
    expect(held.width).toBeLessThan(0.03);
  });

  it("falls with the score, from 1 to 1 / (n + 1)", () => {
    const all = Array.from({ length: 2000 }, (_, i) => smoothP(held, -5 + i / 200));
    all.slice(1).forEach((p, i) => {
      expect(p).toBeLessThanOrEqual(all[i]!);
    });
    expect([smoothP(held, -9), smoothP(held, 9)]).toEqual([1, 1 / 401]);
    expect(smoothP(held, Number.NaN)).toBe(1 / 401);
    expect(smoothP(held, Number.POSITIVE_INFINITY)).toBe(1 / 401);
  });

  it("is at most α for a share α of inputs like the held-out ones", () => {
    // of one calibration Beta(k, n + 1 − k) with k = α (n + 1): over 200 of them 5 standard errors are 0.0047
    let alarms = 0;
    for (let trial = 0; trial < 200; trial++) {
      const own = heldOf(normals(trial, 199), 1e-5);
      for (const score of normals(1000 + trial, 100)) alarms += Number(smoothP(own, score) <= 0.05);
    }
    expect(alarms / 20_000).toBeLessThan(0.05 + 0.0047);
    expect(alarms / 20_000).toBeGreaterThan(0.05 - 0.0047);
  });

  it.each([
    ["normal scores", scores],
    ["scores of which half are equal", scores.map((score, i) => (i % 2 === 0 ? score : 1))],
    ["large scores", scores.map((score) => 1000 + 100 * score)],
  ])("moves by less than 1e-4 where rounding moves the score, with %s", (_, own) => {
    const epsilon = 5e-7 * (1 + own.reduce((most, score) => Math.max(most, Math.abs(score)), 0));
    const judged = heldOf(own, 2 * epsilon);
    const conformal = calibrationOf(0, own);
    let [smooth, steep] = [0, 0];
    for (const score of own) {
      const [low, high] = [score - epsilon, score + epsilon];
      smooth = Math.max(smooth, smoothP(judged, low) - smoothP(judged, high));
      // the steps of conformalP are elsewhere
      const shift = 5e-5 * (1 + Math.abs(score));
      steep = Math.max(steep, conformalP(conformal, low + shift) - conformalP(conformal, high + shift));
    }
    expect(smooth).toBeLessThan(1e-4);
    expect(steep).toBeGreaterThan(2e-3);
  });

  it("is the same in a graph, of each group for itself", async () => {
    const groups = [
      held,
      heldOf(
        normals(3, 250).map((score) => 5 * score),
        1e-5,
      ),
    ];
    const f = (own: never, x: np.Array) => ({ p: pOf(own, x.reshape([-1])) });
    const input = { name: "x", shape: [1] };
    const graph = exportFunction(
      { name: "p", f, constants: heldArrays(groups), input, outputs: ["p"] },
      { target: portable },
    );
    const { InferenceSession, Tensor } = await loadRuntime();
    const session = await InferenceSession.create(toBytes(graph));
    const asked = Float32Array.of(...normals(4, 300), Number.NaN, Number.POSITIVE_INFINITY, -1e9);
    const found = await session.run({ x: new Tensor("float32", asked, [asked.length, 1]) });
    const p = found.p!.data as Float32Array;
    await session.release();
    asked.forEach((score, i) => {
      groups.forEach((each, group) => {
        expect(Math.abs(p[2 * i + group]! - smoothP(each, score))).toBeLessThan(1e-5);
      });
    });
  });
});
