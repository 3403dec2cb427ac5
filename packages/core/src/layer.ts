import type { JsTree, numpy as np } from "@jax-js/jax";
import type { CalibrationData } from "./init/calibration-data.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";
import type { ParameterKinds } from "./params/parameter-paths.js";
import { expectShape, expectSizesOf, type Shape } from "./shape.js";
import type { Step } from "./steps.js";

/** A tree (nested plain objects and arrays) of jax arrays. */
export type ArrayTree = JsTree<np.Array>;

/** The parameters of a layer that has none. */
export type NoParams = Record<string, never>;

/** What a forward pass returns: the output, [B, …outShape], and the contribution L in nats, [B]. */
type Forward = { z: np.Array; contribution: np.Array };

/** What few layers have to say, and few readers ask. A layer without any is complete. */
type LayerFacts<P extends ArrayTree = ArrayTree> = Readonly<{
  /**
   * The parameterKinds for a frozen function in deterministic mode: all parameters are fixed, except those that affect
   * only noise and the stochastic inverse. Default: all are fixed.
   */
  frozenParameterKinds?: ParameterKinds;
  /** Dropped numbers of an example (modelled by a density); default n − m, 0 if m is larger. */
  droppedDims?: number;
  /** Number of singular values of pretrained weights that were raised because the weights lack full rank; default 0. */
  flooredValues?: number;
  /**
   * The interval that contains every entry of z, if it is smaller than R: mass that the rest of a flow puts outside of
   * it is lost, and exp(log p) then integrates to less than 1.
   */
  image?: readonly [low: number, high: number];
  /** True where z fills a part of R^m, whatever x is, as uniform augmentation noise does: mass outside of it is lost. */
  partial?: boolean;
  /** True for a layer that only moves entries. */
  permutes?: boolean;
  /** Number of levels if x must hold integers 0..levels−1. Drivers check this first. */
  levels?: number;
  /**
   * z after initialization, also from data, where it is cheaper than `forward`: the initialization of later layers uses
   * it. Either the layer is the identity, or z is a function of x and of the noise of `forward`; it consumes both.
   */
  atInit?: "identity" | ((x: np.Array, noise: NoiseTree) => np.Array);
  /** Examples that `initFromData` needs, if more than usual. */
  initExamples?: number;
  /**
   * Computes once what depends on the parameters alone; `forward` and `inverse` take the result in place of the
   * parameters. A chain prepares all of its layers of one key in one call: for parameters that are small and many.
   */
  prepare?: Readonly<{
    /** Equal for layers that can be prepared together, by the function of any of them: the kind and its sizes. */
    key: string;
    /** Input of `forward` or `inverse` for each of the layers. Consumes their parameters. */
    together(all: readonly P[], direction: "forward" | "inverse"): ArrayTree[];
  }>;
  /** The layer as elementary steps in order, for `@flowify/compress` where no other field says them. Consumes the parameters. */
  steps?(params: P): readonly Step[];
}>;

/**
 * One layer of a flow. **The sign convention of the whole library, written once:** for layers 1..K
 * with contributions L_k and a base density p_Z,
 *
 *     log p(x) = log p_Z(z_K) + Σ_k L_k
 *
 * so a bijection contributes + log |det ∂z/∂x|, a reducing layer adds + log q(dropped | z), and an
 * increasing layer adds − log r(ε) for its augmentation noise.
 *
 * A layer is a frozen plain record of pure functions; composition, likelihoods, sampling, training,
 * monitoring and export are derived from these fields and never depend on a layer's name.
 *
 * **Noise** is an explicit argument: the layer declares its noise for each direction, and a driver draws it (or passes
 * the means: "deterministic mode").
 *
 * **The condition** c of p(x | c) is one as well: a layer that declares the shape of `condition` gets it, as all layers of
 * a flow do; the convention holds for every fixed c. After `init` z may not depend on it; after `initFromData` it may where
 * `examples.given` has the conditions.
 *
 * **Ownership**, as in jax-js: `forward` and `inverse` consume all their arguments, including parameters and noise; a
 * caller that still needs one passes `.ref` (`tree.ref(params)`).
 */
export type FlowLayer<P extends ArrayTree = ArrayTree> = Readonly<{
  /** The kind of layer, `"linear"`; messages add its index: `linear[2]`. */
  name: string;
  inShape: Shape;
  outShape: Shape;
  /** True if log p is exact; false if L is a lower bound in expectation (with noise in the forward direction). */
  exact: boolean;
  /** Noises of one example (without the batch axis) in each direction; `{}` if none. */
  forwardNoise: NoiseSpec;
  inverseNoise: NoiseSpec;
  parameterKinds: ParameterKinds;
  /** Shape of the condition of one example. Default: none is taken. */
  condition?: Shape;
  /** What else is known of the layer; `{}` if nothing is. */
  facts: LayerFacts<P>;
  /** Initial values; `key` is a jax-js random key, consumed. */
  init(key: np.Array): P;
  /** x [B, …inShape] ↦ z [B, …outShape] and L [B] in nats. The condition [B, …condition] where one is declared. */
  forward(params: P, x: np.Array, noise: NoiseTree, condition?: np.Array): Forward;
  /** z [B, …outShape] ↦ x [B, …inShape], a sample of the stochastic inverse. */
  inverse(params: P, z: np.Array, noise: NoiseTree, condition?: np.Array): np.Array;
  /**
   * Data-dependent initial values, if the layer has any, in the tree of `init`. The parts of `examples` are real inputs
   * of the layer, [n, …inShape]. Consumes `key`. Eager (never traced): it may read values.
   */
  initFromData?(key: np.Array, examples: CalibrationData): Promise<P>;
}>;

/** `init` of a layer that starts alike for every key. */
export const withoutKey =
  <P>(start: () => P) =>
  (key: np.Array): P => {
    key.dispose();
    return start();
  };

type Derived = "outShape" | "exact" | "forwardNoise" | "inverseNoise" | "parameterKinds" | "facts";

/** The fields of a layer that differ from a bijection without noise that keeps the shape. */
export type LayerDefinition<P extends ArrayTree> = Omit<FlowLayer<P>, Derived> &
  Partial<Pick<FlowLayer<P>, Derived>> & {
    /** What messages call what takes x, and what takes z. Default: the name. */
    named?: Readonly<{ x: string; z: string }>;
  };

/**
 * Completes the record, freezes it, and erases the type of the parameters, for containers of different layers. Default:
 * the same shape, no noise, Euclidean parameters; exact without noise in `forward`. `forward` and `inverse` throw a `ShapeError`
 * for arrays of another shape, before they consume anything.
 */
export function defineLayer<P extends ArrayTree>({ named, ...layer }: LayerDefinition<P>): FlowLayer<P> {
  const { name, inShape, outShape = inShape, forwardNoise = {}, forward, inverse } = layer;
  const exact = Object.keys(forwardNoise).length === 0;
  const facts = Object.freeze(layer.facts ?? {});
  for (const shape of [inShape, outShape]) expectSizesOf(name, shape);
  const defaults = { outShape, exact, inverseNoise: {}, parameterKinds: {} };
  return Object.freeze({
    ...defaults,
    ...layer,
    forwardNoise,
    facts,
    forward(params: P, x: np.Array, noise: NoiseTree, condition?: np.Array) {
      expectShape(named?.x ?? name, "x", x, inShape);
      return forward(params, x, noise, condition);
    },
    inverse(params: P, z: np.Array, noise: NoiseTree, condition?: np.Array) {
      expectShape(named?.z ?? name, "z", z, outShape);
      return inverse(params, z, noise, condition);
    },
  }) as FlowLayer<P>;
}
