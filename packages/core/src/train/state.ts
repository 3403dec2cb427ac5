import { type DType, type JsTree, numpy as np } from "@jax-js/jax";
import { CheckpointError } from "../errors.js";
import type { ArrayTree } from "../layer.js";
import { nth } from "../lists.js";
import { copyToHost } from "../params/host.js";
import { HostArray } from "../params/host-array.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten } from "../params/pytree.js";
import { type Shape, sameShape, showShape } from "../shape.js";
import type { Moments } from "./adam.js";

/**
 * The whole state of training on the host, flat and named, ready for a file: `params.<path>`,
 * `first.<path>` and `second.<path>` (the moments), `average.<path>`, `drift`; with `step`, `seed` and
 * `rollbacks` nothing else is needed to go on.
 */
export type TrainingState = Readonly<{
  arrays: { readonly [name: string]: HostArray };
  step: number;
  seed: number;
  /** Returns to earlier states so far, in order. */
  rollbacks?: readonly Rollback[];
}>;

/**
 * A return from step `failed`, which was not finite in `layer` first, to the state after step `to`: the steps after it,
 * up to step `until`, are shorter.
 */
export type Rollback = Readonly<{ failed: number; layer: string; to: number; until: number }>;

/** The device's state as a tree of host arrays: the shape of `DeviceState`. */
export type HostState = {
  params: JsTree<HostArray>;
  moments: { [path: string]: Moments<HostArray> };
  drift: HostArray;
  average: { [path: string]: HostArray };
};

const zerosLike = (a: HostArray): HostArray =>
  new HostArray(new Float32Array(a.data.length), a.shape, np.float32);

/** The state before step 0 for given parameters. */
export function freshState(
  params: JsTree<HostArray>,
  leaves: readonly TrainedPath[],
  ema: number,
): HostState {
  const values = treeFlatten(params).leaves;
  const moments: HostState["moments"] = {};
  const average: HostState["average"] = {};
  leaves.forEach(({ path, kind }, i) => {
    const value = nth(values, i);
    if (kind === "fixed") return;
    moments[path] = { first: zerosLike(value), ...(kind !== "kernel" && { second: zerosLike(value) }) };
    if (ema > 0) average[path] = value;
  });
  return { params, moments, drift: new HostArray(new Float32Array(1), [], np.float32), average };
}

export function flattenState(state: HostState, leaves: readonly TrainedPath[]): TrainingState["arrays"] {
  const arrays: { [name: string]: HostArray } = { drift: state.drift };
  treeFlatten(state.params).leaves.forEach((value, i) => {
    arrays[`params.${leaves[i]?.path}`] = value;
  });
  for (const [path, { first, second }] of Object.entries(state.moments)) {
    arrays[`first.${path}`] = first;
    if (second) arrays[`second.${path}`] = second;
  }
  for (const [path, value] of Object.entries(state.average)) arrays[`average.${path}`] = value;
  return arrays;
}

/**
 * Puts named arrays back into the shape of `like`.
 *
 * Errors: `CheckpointError` that names an array that is missing or of another shape.
 */
export function unflattenState(
  arrays: TrainingState["arrays"],
  like: HostState,
  leaves: readonly TrainedPath[],
): HostState {
  const take = (name: string, wanted: HostArray): HostArray => readArray(arrays, name, wanted);
  const params = treeFlatten(like.params);
  const moments: HostState["moments"] = {};
  for (const [path, { first, second }] of Object.entries(like.moments))
    moments[path] = {
      first: take(`first.${path}`, first),
      ...(second && { second: take(`second.${path}`, second) }),
    };
  const average: HostState["average"] = {};
  for (const [path, value] of Object.entries(like.average)) average[path] = take(`average.${path}`, value);
  return {
    params: params.rebuild(params.leaves.map((value, i) => take(`params.${leaves[i]?.path}`, value))),
    moments,
    drift: take("drift", like.drift),
    average,
  };
}

/** The array of this name, which must have the shape and type of the one that it takes the place of. */
export function readArray(
  arrays: TrainingState["arrays"],
  name: string,
  { shape, dtype }: Readonly<{ shape: Shape; dtype: DType }>,
): HostArray {
  const found = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
  if (!found)
    throw new CheckpointError(`the checkpoint has no "${name}": it belongs to another network or version`);
  if (!sameShape(found.shape, shape))
    throw new CheckpointError(
      `the checkpoint's "${name}" is ${showShape(found.shape, false)}, the network needs ${showShape(shape, false)}: it belongs to another network`,
    );
  if (found.dtype !== dtype)
    throw new CheckpointError(
      `the checkpoint's "${name}" holds ${found.dtype}, the network needs ${dtype}: it belongs to another version`,
    );
  return found;
}

/** Copies a tree of jax arrays to the host and lets the arrays go. */
export async function takeToHost(params: ArrayTree): Promise<JsTree<HostArray>> {
  const host = await copyToHost(params);
  treeDispose(params);
  return host;
}
