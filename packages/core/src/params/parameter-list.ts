import type { JsTree, numpy as np } from "@jax-js/jax";
import { nth } from "../lists.js";
import { shapeKey } from "../math/keys.js";
import { type Shape, sizeOf } from "../shape.js";
import { type ParameterKinds, type ParameterPath, parameterPaths } from "./parameter-paths.js";
import { treeDispose, treeFlatten } from "./pytree.js";

/** One array of parameters: its path (`"1.dropped.network.0.weight"`, the layer first), and its kind. */
export type Parameter = ParameterPath & Readonly<{ shape: Shape }>;

/** The part of a flow (or layer) that says what its parameters are. */
type Parameterized = Readonly<{ init(key: np.Array): JsTree<np.Array>; parameterKinds: ParameterKinds }>;

/**
 * The parameters of a flow, in the order of its tree, without computing initial values.
 *
 * @example
 * ```ts
 * import { flow } from "@flowify/core";
 * import { parameterList } from "@flowify/core/layer";
 * import { linear } from "@flowify/core/layers";
 *
 * const list = parameterList(flow([linear(3, 3)]));
 * console.log(list.map(({ path, kind }) => `${path} ${kind}`).join(", "));
 * // 0.rotateIn orthogonal, 0.rotateOut orthogonal, 0.logScale euclidean, 0.bias euclidean
 * ```
 */
export function parameterList(flow: Parameterized): Parameter[] {
  const params = flow.init(shapeKey());
  const values = treeFlatten<np.Array>(params).leaves;
  const list = parameterPaths(params, flow.parameterKinds).map((leaf, i) => ({
    ...leaf,
    shape: nth(values, i).shape,
  }));
  treeDispose(params);
  return list;
}

/** How many numbers of a flow (or layer) training moves. */
export const trainableNumbers = (flow: Parameterized): number =>
  parameterList(flow).reduce((sum, { kind, shape }) => sum + (kind === "fixed" ? 0 : sizeOf(shape)), 0);
