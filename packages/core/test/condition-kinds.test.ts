/** Layers whose parameters depend on a condition, where each example of a batch has its own. */
import { describe, expect, it } from "vitest";
import { fit, flowify, jaxExecutor, type Network } from "../src/index.js";
import { makeRng } from "../src/math/rng.js";

const executor = jaxExecutor();
const ofNetwork = { conditional: true, hidden: 32 } as const;
const image = [2, 2, 3] as const;

const networks: { readonly [name: string]: Omit<Network, "condition"> } = {
  "a spline of each entry": { inShape: [3], layers: [{ kind: "marginal", bins: 4, ...ofNetwork }] },
  "a spline of each channel": {
    inShape: image,
    layers: [{ kind: "marginal", bins: 3, per: "channel", ...ofNetwork }],
  },
  "one spline": { inShape: image, layers: [{ kind: "rqSpline", bins: 3, ...ofNetwork }] },
  "lines of channels": {
    inShape: image,
    layers: [{ kind: "affine", scale: Float32Array.of(2, 0.5), shift: Float32Array.of(0, 1), ...ofNetwork }],
  },
  "learned dequantization": {
    inShape: image,
    layers: [{ kind: "variationalDequantize", levels: 4, bins: 3, ...ofNetwork }],
  },
  "a base": {
    inShape: [3],
    layers: [{ kind: "actnorm" }],
    base: ofNetwork,
  },
};

/** Variants of others. */
const long = ["a spline of each channel", "learned dequantization"];

describe.each(Object.entries(networks))("%s", (name, network) => {
  const tags = long.includes(name) ? ["long"] : [];

  it("has another condition for each example of a batch", { tags }, async () => {
    const rng = makeRng(3);
    const size = network.inShape.reduce((a, b) => a * b);
    const flow = flowify({ ...network, condition: { shape: [2] } });
    const isDrawn = !flow.exact;
    const rows = (count: number, length: number, whole = false) =>
      Array.from({ length: count }, () =>
        Array.from({ length }, () => (whole ? rng.integer(4) : rng.normal())),
      );
    const [x, c] = [rows(64, size, isDrawn), rows(64, 2)];
    const some = { executor, steps: 8, batchSize: 32, learningRate: 0.03, warmup: 1, seed: 7 };
    const model = await fit(flow, x, { ...some, condition: c });
    const mode = { mode: "deterministic" } as const;
    const [few, own] = [x.slice(0, 5), c.slice(0, 5)];
    const z = await model.encode(few, { condition: own, ...mode });
    const others = own.map((_, i) => own[(i + 1) % 5] as number[]);
    const moved = await model.encode(few, { condition: others, ...mode });
    const sizes = Array.from({ length: 5 }, (_, i) => i * size);
    for (const [i, at] of sizes.entries()) {
      const alone = await model.encode([few[i] as number[]], { condition: [own[i] as number[]], ...mode });
      const farthest = (to: Float32Array): number =>
        alone.reduce((most, v, k) => Math.max(most, Math.abs(v - (to[at + k] as number))), 0);
      expect(farthest(z)).toBeLessThan(1e-5);
      expect(farthest(moved)).toBeGreaterThan(1e-4);
    }
    const back = await model.decode(z, { condition: own, ...mode });
    few.flat().forEach((v, i) => expect(Math.abs((back[i] as number) - v)).toBeLessThan(1e-3));
    await model.dispose();
  });
});
