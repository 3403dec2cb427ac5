import type { JsTree, numpy as np } from "@jax-js/jax";
import type { NoiseSpec, NoiseTree } from "./noise.js";

/** Sizes of the axes, without the batch axis. */
export type Shape = readonly number[];

/** A tree (nested plain objects and arrays) of jax arrays. */
export type ArrayTree = JsTree<np.Array>;

/**
 * Which parameters live on a manifold: a partial tree in the shape of the parameters, holding only
 * the leaves that are not Euclidean. An `"orthogonal"` leaf is a square matrix R with RᵀR = I that
 * the optimizer has to keep so.
 */
export type ManifoldSpec =
  | "orthogonal"
  | readonly ManifoldSpec[]
  | { readonly [name: string]: ManifoldSpec };

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
 * draws it (or passes the means: "mean mode").
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
  /** Noises of one item (without the batch axis) in each direction; `{}` if none. */
  forwardNoise: NoiseSpec;
  inverseNoise: NoiseSpec;
  manifolds: ManifoldSpec;
  /** Start values; `key` is a jax-js random key. */
  init(key: np.Array): P;
  /** x [B, …inShape] ↦ z [B, …outShape] and L [B] in nats. */
  forward(params: P, x: np.Array, noise: NoiseTree): Forward;
  /** z [B, …outShape] ↦ x [B, …inShape], a draw from the stochastic inverse. */
  inverse(params: P, z: np.Array, noise: NoiseTree): np.Array;
  /**
   * Data-dependent start values, where the layer has any: `x` [N, …inShape] are inputs that the layer
   * really sees. Consumes `key` and `x`. Eager (never traced): it may read values.
   */
  start?(key: np.Array, x: np.Array): Promise<P>;
}>;
