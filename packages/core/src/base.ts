import { numpy as np } from "@jax-js/jax";
import type { Interval } from "./mass.js";
import { standardNormalLogDensity, sumExamples } from "./math/numerics.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";
import { countOf, expectShape, type Shape, sizeOf } from "./shape.js";

/** A density of the last layer's output, without parameters. */
export type Base = Readonly<{
  name: string;
  shape: Shape;
  /** The interval that holds every entry of z. Default: all numbers. */
  support?: Interval;
  /** Noise of a sample. */
  noise: NoiseSpec;
  /** log p_Z(z), [B], in nats; consumes z. */
  logProb(z: np.Array): np.Array;
  /** A sample of z; consumes the noise. In deterministic mode, the mean. */
  draw(noise: NoiseTree): np.Array;
}>;

/**
 * log p_Z(z) = Σ log N(z_i; 0, 1).
 *
 * @example
 * ```ts
 * import { flow } from "@flowify/core";
 * import { standardNormal } from "@flowify/core/layer";
 * import { rqSpline } from "@flowify/core/layers";
 *
 * const made = flow([rqSpline([4])], standardNormal([4])); // which is the default
 * console.log(made.base.name);
 * // standardNormal
 * ```
 */
export function standardNormal(shape: Shape): Base {
  return Object.freeze({
    name: "standardNormal",
    shape,
    noise: { normal: { shape, distribution: "normal" } } as const,
    logProb(z: np.Array) {
      expectShape("standardNormal", "z", z, shape);
      return sumExamples(standardNormalLogDensity(z));
    },
    draw: ({ normal }: { normal: np.Array }) => normal,
  });
}

/**
 * log p_Z(z) = −n log(high − low) on [low, high]ⁿ. For a flow whose last layer has outputs in this interval, as a
 * sigmoid does; a z outside of it counts as its nearest end.
 *
 * @example
 * ```ts
 * import { flow } from "@flowify/core";
 * import { uniform } from "@flowify/core/layer";
 * import { monotone } from "@flowify/core/layers";
 *
 * const made = flow([monotone([4], "tanh")], uniform([4], [-1, 1]));
 * console.log(made.base.name, made.exact);
 * // uniform true
 * ```
 */
export function uniform(shape: Shape, [low, high]: readonly [low: number, high: number] = [0, 1]): Base {
  // of width 1 it is 0, never −0: jax-js keeps that sign in small arrays alone, and an export would see two programs
  const log = sizeOf(shape) * Math.log(1 / (high - low));
  return Object.freeze({
    name: "uniform",
    shape,
    support: [low, high] as const,
    noise: { uniform: { shape, distribution: "uniform" } } as const,
    logProb(z: np.Array) {
      expectShape("uniform", "z", z, shape);
      const batch = countOf(z);
      const { dtype } = z;
      z.dispose();
      return np.full([batch], log, { dtype });
    },
    draw: ({ uniform: u }: { uniform: np.Array }) => u.mul(high - low).add(low),
  });
}
