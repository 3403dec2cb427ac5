import type { numpy as np } from "@jax-js/jax";
import type { CalibrationData } from "../init/calibration-data.js";
import type { ArrayTree } from "../layer.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";
import type { ParameterKinds } from "../params/parameter-paths.js";

/**
 * A density of a vector (the dropped coordinates of a reducing layer) given a context (the kept ones):
 * q(value | context), value [N, size], context [N, contextSize].
 *
 * Ownership as for layers: every argument is consumed.
 */
export type ConditionalDensity<P extends ArrayTree = ArrayTree> = Readonly<{
  name: string;
  size: number;
  contextSize: number;
  /** Noise of `draw` for one example. */
  noise: NoiseSpec;
  parameterKinds: ParameterKinds;
  init(key: np.Array): P;
  /** log q(value | context) in nats, [N]. */
  logProb(params: P, value: np.Array, context: np.Array): np.Array;
  /** q as mixtures of K normals, for lossless compression; a density without it cannot be coded. Consumes both. */
  components?(params: P, context: np.Array): MixtureOfNormals;
  /** A sample, [N, size]; with the noise at its mean, the mean (or the median) of q. */
  draw(params: P, context: np.Array, noise: NoiseTree): np.Array;
  /** Initial values fitted to values [size] and their contexts [contextSize], row by row. Consumes the key; eager. */
  start(key: np.Array, value: CalibrationData, context: CalibrationData): Promise<P>;
}>;

/** Weights [K, size], means [K, N, size] and standard deviations [K, N, size] of K normals. */
export type MixtureOfNormals = { weights: np.Array; means: np.Array; stds: np.Array };

/** Makes a density for given sizes; an option of layers. `hidden`: the sizes of the hidden layers of its network. */
export type ConditionalDensityFactory = (
  size: number,
  contextSize: number,
  options?: { hidden?: readonly number[] },
) => ConditionalDensity;

/** Most weights of a network with one hidden layer. */
const MOST_WEIGHTS = 2 ** 26;

/**
 * The hidden sizes of the paper's inverse network for n → m, d = n − m dropped:
 * N = max(3·max(2d, n), 64), and 1 + 0 / 2 / 4 hidden layers for N > 200 / N > 100 / else.
 *
 * and at most 2²⁶ weights, more than all networks of the paper have.
 *
 * Source: Flowification, reference implementation.
 */
export function inverseNetworkSizes(size: number, contextSize: number): number[] {
  const n = size + contextSize;
  const paper = Math.max(3 * Math.max(2 * size, n), 64);
  const width = Math.max(Math.min(paper, Math.floor(MOST_WEIGHTS / (contextSize + 2 * size))), 64);
  const extra = width > 200 ? 0 : width > 100 ? 2 : 4;
  return [contextSize, ...new Array<number>(1 + extra).fill(width), 2 * size];
}
