import { exp } from "./exact-functions.js";
import { type GridCoder, plainCoder, UNIT } from "./grid.js";
import { popChoice, popNormal, pushChoice, pushNormal, startsOf } from "./normals.js";

/**
 * K normal distributions of n numbers, one number after the other: number j has the mean `means[k, j]` −
 * Σ_{i < j} `lower[k, j, i]` (x_i − `means[k, i]`) and the std `stds[k, j]`.
 */
export type JointNormals = Readonly<{
  /** Unnormalized log weights [K]. */
  logits: ArrayLike<number>;
  /** [K, n] each, and log (1 / std). */
  means: ArrayLike<number>;
  stds: ArrayLike<number>;
  logPrecisions: ArrayLike<number>;
  /** [K, n, n] */
  lower: ArrayLike<number>;
}>;

/**
 * Drops all numbers but the first m of a mixture of normals, by bits back: a component from the posterior is popped, the
 * numbers and the component are pushed, −log₂ q(dropped | kept) bits.
 */
export function droppingJointly(
  { logits, means, stds, logPrecisions, lower }: JointNormals,
  n: number,
  m: number,
): GridCoder {
  const components = Array.from({ length: logits.length }, (_, k) => k);
  const mean = (k: number, j: number, x: Float64Array): number => {
    let at = means[k * n + j]!;
    for (let i = 0; i < j; i++) at -= lower[(k * n + j) * n + i]! * (x[i]! * UNIT - means[k * n + i]!);
    return at;
  };
  /** Unnormalized weights of the components, given the first numbers. */
  const weights = (x: Float64Array, given: number): number[] => {
    const logs = components.map((k) => {
      let log = logits[k]!;
      for (let j = 0; j < given; j++)
        log += logPrecisions[k * n + j]! - 0.5 * ((x[j]! * UNIT - mean(k, j, x)) / stds[k * n + j]!) ** 2;
      return log;
    });
    const top = Math.max(...logs);
    return logs.map((log) => exp(log - top));
  };
  return plainCoder(
    (x, bits) => {
      const k = popChoice(bits, startsOf(weights(x, n)));
      for (let j = n - 1; j >= m; j--) pushNormal(bits, x[j]!, mean(k, j, x), stds[k * n + j]!);
      pushChoice(bits, startsOf(weights(x, m)), k);
      return x.slice(0, m);
    },
    (z, bits) => {
      const x = new Float64Array(n);
      x.set(z);
      const k = popChoice(bits, startsOf(weights(x, m)));
      for (let j = m; j < n; j++) x[j] = popNormal(bits, mean(k, j, x), stds[k * n + j]!);
      pushChoice(bits, startsOf(weights(x, n)), k);
      return x;
    },
  );
}
