import type { numpy as np } from "@jax-js/jax";
import type { ArrayTree, FlowLayer } from "../layer.js";
import type { Rng } from "../math/rng.js";
import type { NoiseOf } from "../noise.js";
import type { HostArray } from "../params/host-array.js";

/** Where a layer is looked at: numbers that its parameters and inputs are drawn with. */
export type CheckLayerOptions = Readonly<{
  /** Decides parameters, inputs and noises. Default 1. */
  seed?: number;
  /** Examples in a batch. Default 3. */
  batch?: number;
  /** Inputs are integers below this, instead of normal. Default what the layer says. */
  levels?: number;
  /** Standard deviation of normal inputs. Default 1. */
  scale?: number;
  /** How far parameters are moved off their start, where zeros hide terms. Default 0.3. */
  spread?: number;
  /** Parameters that say what deterministic mode computes stay as `init` makes them; only the others are moved. Default false. */
  given?: boolean;
  /**
   * Parameters, from random numbers. Default those of `init`, moved at random, orthogonal ones kept orthogonal. Needed where a
   * fixed parameter must have a property of its own, as a whitening's rotation.
   */
  params?(rng: Rng): NoiseOf<HostArray> | Promise<NoiseOf<HostArray>>;
  /** Factor that the layer itself puts between rounding and result: multiplies every tolerance. Default 1. */
  condition?: number;
  /** Parameters whose gradient is zero whatever the data, by path (`"dropped.logits"`), and why. Default none. */
  zeroGradient?: { readonly [path: string]: string };
  /**
   * What deterministic mode has to reproduce: the plain layer, x [B, …inShape] ↦ [B, …outShape]. Consumes both
   * arguments. Default none: the law is skipped.
   */
  plain?(params: ArrayTree, x: np.Array): np.Array;
}>;

/** A layer and where it is looked at. */
export type Subject = CheckLayerOptions & Readonly<{ layer: FlowLayer }>;

/** A comparison of a law: the largest difference, in units of the largest number (at least of 1), and what is allowed. */
export type Figure = Readonly<{ what: string; error: number; allowed: number }>;

/** Something that every layer promises. */
export type Law = Readonly<{
  name: string;
  /** The promise in a sentence. */
  promise: string;
  /** Why the law says nothing of this layer; undefined where it does. */
  skip?(subject: Subject): string | undefined;
  /**
   * Looks whether a layer holds it; returns what was compared.
   *
   * @throws LawError where it does not; whatever the layer itself throws
   */
  check(subject: Subject): Promise<readonly Figure[]>;
}>;
