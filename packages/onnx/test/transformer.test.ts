import { ArraySpec, treeMap } from "@flowify/core/internal";
import type { FlowLayer } from "@flowify/core/layer";
import { transformer } from "@flowify/core/layers";
import { numpy as np, random } from "@jax-js/jax";
import { lower, trace } from "jax-to-onnx/internal";
import { expect, it } from "vitest";

const BATCH = 8;

/** Floating-point operations of the products of a direction. */
function operations(layer: FlowLayer, direction: "forward" | "inverse"): number {
  const params = layer.init(random.key(0));
  const specs = treeMap((leaf: np.Array) => new ArraySpec(leaf.shape, leaf.dtype), params);
  const noise = (layer.forwardNoise as unknown[]).map(() => ({}));
  const x = new ArraySpec([BATCH, ...layer.inShape], np.float32);
  const { jaxpr } = trace(layer[direction], [specs, x, noise] as never, direction);
  const { flops } = lower(jaxpr, {});
  jaxpr.dispose();
  return flops;
}

// a pass of all 6 patches for each of them would take 6 times as many
it("the inverse of a transformer takes one token a step, by kept keys and values", () => {
  const layer = transformer([12], 1, { patch: 2, hidden: 8, heads: 2, depth: 1 });
  const [forward, inverse] = [operations(layer, "forward"), operations(layer, "inverse")];
  expect(inverse).toBeLessThanOrEqual(forward);
  expect(inverse).toBeGreaterThan(0.8 * forward);
});
