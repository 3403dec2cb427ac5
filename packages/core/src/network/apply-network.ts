import { numpy as np } from "@jax-js/jax";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import { type Shape, showShape } from "../shape.js";
import { elementwise } from "./apply-elementwise.js";
import { windowed } from "./apply-windows.js";
import type { OrdinaryLayer, OrdinaryNetwork } from "./ordinary.js";
import type { PlainLayer, PlainLayers } from "./plain-layer.js";

const rearranging: PlainLayers<"flatten" | "reshape" | "permute" | "transpose"> = {
  flatten: {
    shape: (_, inShape) => [inShape.reduce((a, b) => a * b, 1)],
    apply: (_, x) => x.reshape([x.shape[0] as number, -1]),
  },
  reshape: {
    shape: ({ shape }) => shape,
    apply: ({ shape }, x) => x.reshape([x.shape[0] as number, ...shape]),
  },
  permute: {
    shape: (_, inShape) => inShape,
    apply: ({ order }, x) => np.take(x, np.array([...order], { dtype: np.int32 }), x.ndim - 1),
  },
  transpose: {
    shape: ({ order }, inShape) => order.map((axis) => inShape[axis] as number),
    apply: ({ order }, x) => np.transpose(x, [0, ...order.map((axis) => axis + 1)]),
  },
};

const branching: PlainLayers<"branches"> = {
  branches: {
    shape({ branches, join, axis = 0 }, inShape) {
      const [first = inShape, ...others] = branches.map((layers) => outShape(layers, inShape));
      if (join === "add") return first;
      return first.map((n, i) => (i === axis ? others.reduce((sum, s) => sum + (s[axis] as number), n) : n));
    },
    apply({ branches, join, axis = 0 }, x) {
      const results = branches.map((layers) => run(layers, x.ref));
      x.dispose();
      if (join === "concat") return np.concatenate(results, axis + 1);
      return results.reduce((sum, each) => sum.add(each));
    },
  },
};

/** The kinds of layers that are ordinary ones. All others exist in flows only, or hold what is learnt. */
const plain = { ...rearranging, ...branching, ...elementwise, ...windowed };

function plainLayer(layer: OrdinaryLayer): PlainLayer<OrdinaryLayer> {
  const found = (plain as { [kind: string]: unknown })[layer.kind];
  if (found) return found as PlainLayer<OrdinaryLayer>;
  throw new UnsupportedOpError(
    layer.kind,
    layer.kind,
    `${layer.kind}: has no meaning outside of a flow; plain networks are made of ${Object.keys(plain).join(", ")}`,
  );
}

/** The shape of an example after these layers. Errors: `UnsupportedOpError` for a layer that is not a plain one. */
export const outShape = (layers: readonly OrdinaryLayer[], inShape: Shape): Shape =>
  layers.reduce((shape, layer) => plainLayer(layer).shape(layer, shape), inShape);

const run = (layers: readonly OrdinaryLayer[], x: np.Array): np.Array =>
  layers.reduce((z, layer) => plainLayer(layer).apply(layer, z), x);

/**
 * What an ordinary network gives for a batch, x [B, …inShape] ↦ [B, …]: no flow, no noise, the layers as
 * they are written. The flow of the network gives the same in deterministic mode. Consumes x.
 *
 * Errors: `ShapeError` where x is not what the network takes; `UnsupportedOpError` for layers without given
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
  const { inShape, layers } = network;
  if (x.shape.slice(1).join() !== inShape.join())
    throw new ShapeError(`evaluate: expected x ${showShape(inShape)}, got ${showShape(x.shape, false)}`);
  outShape(layers, inShape);
  return run(layers, x);
}
