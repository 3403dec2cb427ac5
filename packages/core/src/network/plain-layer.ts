import type { numpy as np } from "@jax-js/jax";
import type { Shape } from "../shape.js";
import type { OrdinaryLayer } from "./ordinary.js";

/** An ordinary layer as it is written: what it makes of a shape, and of a batch of examples. */
export type PlainLayer<L> = Readonly<{
  /** Shape of an example's result. */
  shape(layer: L, inShape: Shape): Shape;
  /** x [B, …inShape] ↦ [B, …shape]; consumes x. */
  apply(layer: L, x: np.Array): np.Array;
}>;

type Kind = OrdinaryLayer["kind"];
export type PlainLayers<K extends Kind> = {
  readonly [N in K]: PlainLayer<Extract<OrdinaryLayer, { kind: N }>>;
};
