import type { numpy as np } from "@jax-js/jax";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import type { Kind, PlainContext, PlainKind } from "../layers/kind.js";
import type { InnerLayer } from "../options.js";
import { type Shape, showShape } from "../shape.js";
import { expectNetwork, type NetworkLayer, type OrdinaryLayer, type OrdinaryNetwork } from "./network.js";
import { findKind, isPlain, kinds } from "./schema.js";

function plainKind({ kind }: InnerLayer): PlainKind {
  const found = findKind(kind);
  if (found && isPlain(found)) return found;
  const names = Object.values(kinds).filter(isPlain);
  throw new UnsupportedOpError(
    kind,
    kind,
    `${kind}: has no meaning outside of a flow; plain networks are made of ${names.map((each) => each.kind).join(", ")}`,
  );
}

/** @param find the kind of a layer; without one its shape counts as kept */
function contextOf(find: (layer: InnerLayer) => Kind | undefined): PlainContext {
  const context: PlainContext = {
    outShape: (layers, inShape) =>
      layers.reduce((shape, layer) => find(layer)?.outShape?.(shape, layer, context) ?? shape, inShape),
    apply: (layers, x) => layers.reduce((z, layer) => plainKind(layer).apply(z, layer, context), x),
  };
  return context;
}

/** Networks inside of layers, as they are written. */
export const plain = contextOf(plainKind);
const all = contextOf(({ kind }) => findKind(kind));

/** The shape of an example after these layers. Errors: `UnsupportedOpError` for a layer that is not a plain one. */
export const outShape = (layers: readonly OrdinaryLayer[], inShape: Shape): Shape =>
  plain.outShape(layers, inShape);

/** The same for layers of any kind. */
export const flowShape = (layers: readonly NetworkLayer[], inShape: Shape): Shape =>
  all.outShape(layers, inShape);

/**
 * What an ordinary network gives for a batch, x [B, …inShape] ↦ [B, …]: no flow, no noise, the layers as
 * they are written. The flow of the network gives the same in deterministic mode. Consumes x.
 *
 * Errors: `UsageError` for what is no network; `ShapeError` where x is not what the network takes; `UnsupportedOpError` for layers without given
 * weights and for those that exist in flows only.
 *
 * @example
 * ```ts
 * import { applyNetwork } from "@flowify/core";
 * import { floats } from "@flowify/core/layer";
 *
 * const weight = Float32Array.of(1, -1, 2, 0.5, 0, 1);
 * const network = { inShape: [3], layers: [{ kind: "linear", out: 2, weights: { weight } }, { kind: "relu" }] } as const;
 * console.log(await applyNetwork(network, floats(Float32Array.of(1, 2, 3), [1, 3])).data());
 * // Float32Array(2) [ 5, 3.5 ]
 * ```
 */
export function applyNetwork(network: OrdinaryNetwork, x: np.Array): np.Array {
  expectNetwork("applyNetwork", network);
  const { inShape, layers } = network;
  if (x.shape.slice(1).join() !== inShape.join())
    throw new ShapeError(`evaluate: expected x ${showShape(inShape)}, got ${showShape(x.shape, false)}`);
  outShape(layers, inShape);
  return plain.apply(layers, x);
}
