import { numpy as np } from "@jax-js/jax";
import { defineLayer, expectShape, expectSizes, type FlowLayer, type Shape, sizeOf } from "../layer.js";
import { floats } from "../math/host.js";
import { perItem } from "../math/numerics.js";
import { principalDirections } from "../math/principal.js";
import { rowsOf } from "../start-items.js";
import { toDevice } from "./orthogonal.js";

/** Fixed numbers of a whitening along an axis of n coordinates: mean [n], principal directions [n, n], log-stds [n]. */
export type WhitenParams = { mean: np.Array; rotation: np.Array; logStd: np.Array };

/**
 * z = (x − μ) U ⊘ σ: the principal coordinates of the data in units of their standard deviation, least
 * variance first; L = −rows · Σ log σ.
 *
 * Exact. Along the last axis; the axes before it are rows. μ, U and σ come from the data-dependent
 * start and stay fixed (identity without it), as the normalization of inputs does: the layers after it
 * then see coordinates of equal size, where one step size fits all directions.
 */
export function whiten(inShape: Shape): FlowLayer<WhitenParams> {
  const n = inShape[inShape.length - 1] ?? 0;
  expectSizes("whiten", { "size of the last axis": n });
  const rows = sizeOf(inShape) / n;
  return defineLayer<WhitenParams>({
    name: "whiten",
    inShape,
    outShape: inShape,
    exact: true,
    forwardNoise: {},
    inverseNoise: {},
    manifolds: "fixed",
    init(key) {
      key.dispose();
      return { mean: np.zeros([n]), rotation: np.eye(n), logStd: np.zeros([n]) };
    },
    forward({ mean, rotation, logStd }, x) {
      expectShape("whiten", "x", x, inShape);
      const batch = x.shape[0] as number;
      const contribution = perItem(np.sum(logStd.ref).mul(-rows), batch);
      const flat = x.sub(mean).reshape([-1, n]); // [B · rows, n]
      const z = np.matmul(flat, rotation).mul(np.exp(logStd.neg()));
      return { z: z.reshape([batch, ...inShape]), contribution };
    },
    inverse({ mean, rotation, logStd }, z) {
      expectShape("whiten", "z", z, inShape);
      const batch = z.shape[0] as number;
      const flat = z.mul(np.exp(logStd)).reshape([-1, n]);
      return np
        .matmul(flat, np.transpose(rotation))
        .add(mean)
        .reshape([batch, ...inShape]);
    },
    async start(key, items) {
      key.dispose();
      const { mean, directions, std } = await principalDirections(
        rowsOf(items, (x) => x.reshape([-1, n]), n),
      );
      return {
        mean: floats(Float32Array.from(mean)),
        rotation: toDevice(directions),
        logStd: floats(Float32Array.from(std, Math.log)),
      };
    },
  });
}
