import type { Flow } from "@flowify/core";
import { meanNoise } from "@flowify/core/layer";
import type { numpy as np } from "@jax-js/jax";
import { MESH_LINES, MESH_POINTS } from "./grid.js";

/** Points of the mesh. */
export const MESH = 2 * MESH_LINES * MESH_POINTS;

type Params = Parameters<Flow["logProb"]>[0];

/** x ↦ the output of each layer in deterministic mode, first to last. */
export const stagesOf =
  ({ chain }: Flow) =>
  (params: Params, x: np.Array): np.Array[] => {
    let z = x;
    return chain.layers.map((layer, i) => {
      const step = layer.forward(params[i]!, z, meanNoise(layer.forwardNoise, MESH));
      step.contribution.dispose();
      z = step.z;
      return i < chain.layers.length - 1 ? z.ref : z;
    });
  };

/** Shift of a point to the right and up per unit of a third coordinate. */
const OBLIQUE = 0.35;

/** Points of any dimension on the page, [n, 2]: one coordinate along a line, a third one obliquely. */
export function project(data: ArrayLike<number>, dimensions: number): Float32Array {
  const count = data.length / dimensions;
  const out = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const at = i * dimensions;
    const depth = dimensions > 2 ? OBLIQUE * data[at + 2]! : 0;
    out[2 * i] = data[at]! + depth;
    out[2 * i + 1] = dimensions > 1 ? data[at + 1]! + depth : 0;
  }
  return out;
}
