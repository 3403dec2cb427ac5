import type { numpy as np } from "@jax-js/jax";
import type { Flow } from "../flow.js";
import type { ParameterKind, Shape } from "../layer.js";
import { shapeKey } from "../math/keys.js";
import { parameterPaths } from "./parameter-paths.js";
import { treeDispose, treeFlatten } from "./pytree.js";

/** One array of parameters: its path (`"1.dropped.network.0.weight"`, the layer first), and its kind. */
export type Parameter = Readonly<{ path: string; shape: Shape; kind: ParameterKind | "euclidean" }>;

/** The parameters of a flow, in the order of its tree, without computing initial values. */
export function parameterList(flow: Flow): Parameter[] {
  const params = flow.init(shapeKey());
  const values = treeFlatten<np.Array>(params).leaves;
  const list = parameterPaths(params, flow.parameterKinds).map((leaf, i) => ({
    ...leaf,
    shape: (values[i] as np.Array).shape,
  }));
  treeDispose(params);
  return list;
}
