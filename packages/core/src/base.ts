import type { numpy as np } from "@jax-js/jax";
import { expectShape, type Shape } from "./layer.js";
import { standardNormalLogDensity, sumItems } from "./math/numerics.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";

/** A density on the last layer's output, without parameters. */
export type Base = Readonly<{
  name: string;
  shape: Shape;
  /** What a draw needs. */
  noise: NoiseSpec;
  /** log p_Z(z), [B], in nats; consumes z. */
  logProb(z: np.Array): np.Array;
  /** A draw of z; consumes the noise. Mean mode gives the mean. */
  draw(noise: NoiseTree): np.Array;
}>;

/** log p_Z(z) = Σ log N(z_i; 0, 1). */
export function standardNormal(shape: Shape): Base {
  return Object.freeze({
    name: "standardNormal",
    shape,
    noise: { normal: { shape, law: "normal" } } as const,
    logProb(z: np.Array) {
      expectShape("standardNormal", "z", z, shape);
      return sumItems(standardNormalLogDensity(z));
    },
    draw: (noise: NoiseTree) => (noise as { normal: np.Array }).normal,
  });
}
