import type { numpy as np } from "@jax-js/jax";
import type { Shape } from "./layer.js";

/** The law of one noise: standard normal, or uniform on [0, 1). */
export type NoiseLaw = "normal" | "uniform";

/** One noise that a layer needs: its shape for one item (the batch axis is added) and its law. */
export type NoiseDeclaration = Readonly<{ shape: Shape; law: NoiseLaw }>;

/** A tree of declarations: a record for a layer, an array for a chain, `{}` for none. */
export type NoiseSpec =
  | NoiseDeclaration
  | readonly NoiseSpec[]
  | { readonly [name: string]: NoiseSpec };

/** The drawn noises, [B, …shape], in the tree of their declarations. */
export type NoiseTree = np.Array | NoiseTree[] | { [name: string]: NoiseTree };

/** The mean of a law: 0 for the standard normal, ½ for the uniform one. */
export const noiseMean = (law: NoiseLaw): number => (law === "normal" ? 0 : 0.5);

/** Tells a declaration from a record of declarations. */
export function isNoiseDeclaration(spec: NoiseSpec): spec is NoiseDeclaration {
  return typeof (spec as NoiseDeclaration).law === "string";
}
