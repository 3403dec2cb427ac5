import type { JsTree, numpy as np } from "@jax-js/jax";
import type { CalibrationData } from "./init/calibration-data.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";
import type { ParameterKinds } from "./params/parameter-kinds.js";
import type { Shape } from "./shape.js";

/** A tree (nested plain objects and arrays) of jax arrays. */
export type ArrayTree = JsTree<np.Array>;

/** The parameters of a layer that has none. */
export type NoParams = Record<string, never>;

/** What a forward pass returns: the output, [B, …outShape], and the contribution L in nats, [B]. */
export type Forward = { z: np.Array; contribution: np.Array };

/**
 * One layer of a flow. **The sign convention of the whole library, written once:** for layers 1..K
 * with contributions L_k and a base density p_Z,
 *
 *     log p(x) = log p_Z(z_K) + Σ_k L_k
 *
 * so a bijection contributes + log |det ∂z/∂x|, a reducing layer adds + log q(dropped | z), and an
 * increasing layer adds − log r(ε) for the noise that it appends.
 *
 * A layer is a frozen plain record of pure functions; composition, likelihoods, sampling, training,
 * monitoring and export are derived from these fields and never ask for a layer's name.
 *
 * **Noise** is an explicit argument: the layer declares what it needs in each direction, a driver
 * draws it (or passes the means: "deterministic mode").
 *
 * **Ownership**, as in jax-js: `forward` and `inverse` consume every array that they are given,
 * parameters and noise included; a caller that still needs one passes `.ref` (`tree.ref(params)`).
 */
export type FlowLayer<P extends ArrayTree = ArrayTree> = Readonly<{
  /** The kind of layer, `"linear"`; messages add its place: `linear[2]`. */
  name: string;
  inShape: Shape;
  outShape: Shape;
  /** True where log p is exact; false where L is a lower bound in expectation (noise is drawn forward). */
  exact: boolean;
  /** Noises of one example (without the batch axis) in each direction; `{}` if none. */
  forwardNoise: NoiseSpec;
  inverseNoise: NoiseSpec;
  parameterKinds: ParameterKinds;
  /**
   * The parameterKinds where the function that deterministic mode computes is to stay: all are fixed but what only
   * noise and the stochastic inverse depend on. Default: all are fixed.
   */
  frozenParameterKinds?: ParameterKinds;
  /** Numbers of an example that are dropped (given a density); default n − m, 0 where m is larger. */
  droppedDims?: number;
  /** Singular values of given weights that were lifted, for lack of rank; default 0. */
  flooredValues?: number;
  /**
   * The ends of the interval that every entry of z lies in, where it is a part of R only: what the rest of
   * a flow puts outside of it is lost, and exp(log p) integrates to less than 1 by that.
   */
  image?: readonly [low: number, high: number];
  /** Where x must hold integers: their number, 0..levels−1. Drivers check it before anything runs. */
  levels?: number;
  /**
   * True only where the layer is the identity with its start values, those from data included: who
   * starts the layers after it need not run it.
   */
  identityAtInit?: boolean;
  /** How many examples `start` is the better for, where that is more than layers are given otherwise. */
  initExamples?: number;
  /** Start values; `key` is a jax-js random key, consumed. */
  init(key: np.Array): P;
  /** x [B, …inShape] ↦ z [B, …outShape] and L [B] in nats. */
  forward(params: P, x: np.Array, noise: NoiseTree): Forward;
  /** z [B, …outShape] ↦ x [B, …inShape], a draw from the stochastic inverse. */
  inverse(params: P, z: np.Array, noise: NoiseTree): np.Array;
  /**
   * Computes once what depends on the parameters alone; `forward` and `inverse` take the result in place of the
   * parameters. A chain prepares all of its layers of one key in one call: for parameters that are small and many.
   */
  prepare?: Readonly<{
    /** The same for layers that can be prepared together, with the function of either: the kind and its sizes. */
    key: string;
    /** What `forward` or `inverse` takes for each of the layers. Consumes their parameters. */
    together(all: readonly P[], direction: "forward" | "inverse"): ArrayTree[];
  }>;
  /**
   * Data-dependent start values, where the layer has any, in the tree that `init` gives: `examples` is a
   * `StartExamples` whose parts are [n, …inShape], inputs that the layer really sees. Consumes `key`.
   * Eager (never traced): it may read values.
   */
  initFromData?(key: np.Array, examples: CalibrationData): Promise<P>;
}>;

type Derived = "outShape" | "exact" | "forwardNoise" | "inverseNoise" | "parameterKinds";

/** A layer with what differs from a bijection that keeps the shape and draws no noise. */
export type LayerDefinition<P extends ArrayTree> = Omit<FlowLayer<P>, Derived> &
  Partial<Pick<FlowLayer<P>, Derived>>;

/**
 * Completes the record, freezes it, and erases the type of the parameters where layers of many kinds meet.
 * Default: the shape stays, no noise, Euclidean parameters; exact if it draws no noise forward.
 */
export function defineLayer<P extends ArrayTree>(layer: LayerDefinition<P>): FlowLayer<P> {
  const { inShape, forwardNoise = {} } = layer;
  const exact = Object.keys(forwardNoise).length === 0;
  const defaults = { outShape: inShape, exact, forwardNoise, inverseNoise: {}, parameterKinds: {} };
  // by descriptors, because a getter may be expensive
  const completed = Object.defineProperties(defaults, Object.getOwnPropertyDescriptors(layer));
  return Object.freeze(completed) as FlowLayer<P>;
}
