import type { numpy as np } from "@jax-js/jax";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import type { ResidualDistribution } from "../densities/residual.js";
import type { FlowLayer } from "../layer.js";
import type { InnerLayer, Options, Schemas } from "../options.js";
import type { Shape } from "../shape.js";
import type { OrthogonalKind } from "./orthogonal.js";

/** How a network becomes a flow: choices of `flowify` that layers share. */
export type Conversion = Readonly<{
  /** The density of dropped coordinates. Default of layers: the paper's Gaussian. */
  density: ConditionalDensityFactory;
  /** The distribution of residuals inside reducing kernels. Default of layers: N(0, 1), the paper's. */
  residual: ResidualDistribution;
  /** How reducing kernels model what they drop: from the neighbourhood (default, the paper's), or from their own location. */
  inverse?: "patching" | "local";
  /** How orthogonal matrices are parameters. Default `manifold`. */
  orthogonal?: OrthogonalKind;
  /**
   * The distribution of augmentation noise, of variance 1/12: `gaussian` (default; it matches the Gaussians that will
   * model it) or the paper's `uniform` on (−½, ½).
   */
  augmentation?: "gaussian" | "uniform";
  /** Numbers of the condition that layers see: densities are conditional on them. Default none. */
  condition?: number;
}>;

/** Their names. */
export const choices = ["density", "residual", "inverse", "orthogonal", "augmentation", "condition"] as const;

/** The flow layers of a network inside a layer; with another condition than that of the whole, numbers of it. */
export type FlowContext = Conversion &
  Readonly<{
    build(layers: readonly InnerLayer[], inShape: Shape, condition?: number): readonly FlowLayer[];
    /** The same network without a flow. */
    plain: PlainContext;
  }>;

/** The network inside a layer, as it is written. */
export type PlainContext = Readonly<{
  outShape(layers: readonly InnerLayer[], inShape: Shape): Shape;
  apply(layers: readonly InnerLayer[], x: np.Array): np.Array;
}>;

/**
 * A kind of layer, declared once, in the file of its flow layer. The types of networks, `flowify`, `applyNetwork`, the
 * format of network files, the tables of the documents and the completeness test are derived from the list of kinds,
 * `layers/kinds.ts`.
 */
export type Kind<N extends string = string, S extends Schemas = Schemas> = Readonly<{
  /** What a network calls it: `"leakyRelu"`. */
  kind: N;
  options: S;
  /** The flow layer that computes the same function in deterministic mode. */
  flow(inShape: Shape, options: Options<S>, context: FlowContext): FlowLayer;
  /** Shape of an example of the result. Default: that of the input. */
  outShape?(inShape: Shape, options: Options<S>, context: PlainContext): Shape;
  /**
   * The plain layer that it stands for, x [B, …inShape] ↦ [B, …outShape]; consumes x. Absent where the layer exists in
   * flows only.
   */
  apply?(x: np.Array, options: Options<S>, context: PlainContext): np.Array;
}>;

/** A kind with a plain layer. */
export type PlainKind<N extends string = string, S extends Schemas = Schemas> = Kind<N, S> &
  Readonly<{ apply(x: np.Array, options: Options<S>, context: PlainContext): np.Array }>;

export function defineKind<const N extends string, S extends Schemas>(kind: PlainKind<N, S>): PlainKind<N, S>;
export function defineKind<const N extends string, S extends Schemas>(kind: Kind<N, S>): Kind<N, S>;
/* @__NO_SIDE_EFFECTS__ */
export function defineKind(kind: Kind): Kind {
  return Object.freeze(kind);
}
