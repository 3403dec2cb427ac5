import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "./errors.js";
import { defineLayer, type FlowLayer, type NoParams, withoutKey } from "./layer.js";
import { countOf, type Shape } from "./shape.js";

/** A layer that moves entries, or adds them to others (`permutes` is then false): a map of volume 1, L = 0, exact. */
export function rearrangement(
  name: string,
  inShape: Shape,
  outShape: Shape,
  there: (x: np.Array) => np.Array,
  back: (z: np.Array) => np.Array,
  permutes = true,
): FlowLayer<NoParams> {
  return defineLayer<NoParams>({
    name,
    inShape,
    outShape,
    init: withoutKey(() => ({})),
    forward(_params, x) {
      const contribution = np.zeros([countOf(x)], { dtype: x.dtype });
      return { z: there(x), contribution };
    },
    inverse: (_params, z) => back(z),
    facts: { ...(permutes && { permutes }) },
  });
}

/** The inverse permutation. Throws a `ShapeError` if `order` is not a permutation of 0..n−1. */
export function invertOrder(layer: string, order: readonly number[], n: number): number[] {
  const inverse = new Array<number>(order.length).fill(-1);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  if (order.length !== n || inverse.length !== n || inverse.includes(-1))
    throw new ShapeError(`${layer}: [${order.join(", ")}] is not a permutation of 0..${n - 1}`);
  return inverse;
}
