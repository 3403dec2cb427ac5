import type { JsTree, numpy as np } from "@jax-js/jax";
import type { Flow } from "../flow.js";
import { nth } from "../lists.js";
import { shapeKey } from "../math/keys.js";
import type { HostArray } from "../params/host-array.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten } from "../params/pytree.js";
import { readArray } from "../train/state.js";

type NamedArrays = { readonly [name: string]: HostArray };

/** The parameters by name, `params.<path>`. */
export function namedParameters(
  { parameterKinds }: Pick<Flow, "parameterKinds">,
  params: JsTree<HostArray>,
): NamedArrays {
  const values = treeFlatten(params).leaves;
  const leaves = parameterPaths(params, parameterKinds);
  return Object.fromEntries(leaves.map(({ path }, i) => [`params.${path}`, nth(values, i)]));
}

/** The parameters from their arrays by name. Errors: `CheckpointError` naming the array that is missing or does not fit. */
export function parametersNamed(flow: Flow, arrays: NamedArrays): JsTree<HostArray> {
  const like = flow.init(shapeKey());
  const leaves = parameterPaths(like, flow.parameterKinds);
  const { leaves: values, rebuild } = treeFlatten<np.Array>(like);
  try {
    return rebuild(values.map((v, i) => readArray(arrays, `params.${leaves[i]?.path}`, v)));
  } finally {
    treeDispose(like);
  }
}
