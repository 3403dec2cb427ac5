import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { baselinesOf, type Seen } from "../src/guard/baselines.js";

const rng = makeRng(3);
/** Two classes of two correlated numbers: the first is 1 or −1, the second the first by 10, and a tenth of a normal. */
const rows = Float32Array.from({ length: 2000 }, () => 0);
for (let i = 0; i < 1000; i++) {
  rows[2 * i] = (i % 2 === 0 ? 1 : -1) + 0.1 * rng.normal();
  rows[2 * i + 1] = 10 * (i % 2 === 0 ? 1 : -1) + rng.normal();
}
const seen = (own: Float32Array, logits: Float32Array): Seen => ({ rows: own, width: 2, logits, classes: 3 });
const training = seen(rows, new Float32Array(3000));
const labels = Uint8Array.from({ length: 1000 }, (_, i) => i % 2);

describe("what a guard is compared with", async () => {
  const baselines = baselinesOf(jaxExecutor(), training, labels);
  const one = seen(Float32Array.of(1, 10, 1, -10), Float32Array.of(0, 0, 0, 1, 2, 9));

  it("max softmax and energy are those of the scores", async () => {
    const softmax = await baselines["max softmax"]!(one);
    expect(softmax[0]).toBeCloseTo(-1 / 3, 6);
    expect(softmax[1]).toBeCloseTo(-1 / (1 + Math.exp(-8) + Math.exp(-7)), 6);
    const energy = await baselines.energy!(one);
    expect(energy[0]).toBeCloseTo(-Math.log(3), 6);
    expect(energy[1]).toBeCloseTo(-Math.log(Math.exp(1) + Math.exp(2) + Math.exp(9)), 5);
  });

  it("Mahalanobis is the distance to the nearest class, in deviations", async () => {
    const [near, far] = await baselines.Mahalanobis!(one);
    expect(near).toBeLessThan(0.05);
    // 20 deviations of the first number from the one class, or of the second from the other
    expect(far! / 400).toBeGreaterThan(0.85);
    expect(far! / 400).toBeLessThan(1.15);
  });
});
