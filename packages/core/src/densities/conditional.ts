import type { numpy as np } from "@jax-js/jax";
import type { CalibrationData } from "../init/calibration-data.js";
import type { ArrayTree } from "../layer.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";
import type { ParameterKinds } from "../params/parameter-kinds.js";

/**
 * A density of a vector (what a reducing layer drops) given a context (what it keeps):
 * q(value | context), value [N, size], context [N, contextSize].
 *
 * The same ownership as layers: every array that is given is consumed.
 */
export type ConditionalDensity<P extends ArrayTree = ArrayTree> = Readonly<{
  name: string;
  size: number;
  contextSize: number;
  /** What `draw` needs for one example. */
  noise: NoiseSpec;
  parameterKinds: ParameterKinds;
  init(key: np.Array): P;
  /** log q(value | context) in nats, [N]. */
  logProb(params: P, value: np.Array, context: np.Array): np.Array;
  /** A draw, [N, size]; with the noise at its mean, the mean (or the middle) of q. */
  draw(params: P, context: np.Array, noise: NoiseTree): np.Array;
  /** Start values that match values [size] and their contexts [contextSize], row by row. Consumes the key; eager. */
  start(key: np.Array, value: CalibrationData, context: CalibrationData): Promise<P>;
}>;

/** Makes a density for given sizes: the choice that layers leave open. */
export type ConditionalDensityFactory = (size: number, contextSize: number) => ConditionalDensity;

/** Weights that a network with one hidden layer may have. */
const MOST_WEIGHTS = 2 ** 26;

/**
 * The hidden sizes of the paper's inverse network for n → m, d = n − m dropped:
 * N = max(3·max(2d, n), 64), and 1 + 0 / 2 / 4 hidden layers for N > 200 / N > 100 / else.
 *
 * and never more than 2²⁶ weights, which is above all networks of the paper.
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
