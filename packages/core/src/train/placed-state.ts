import type { JsTree } from "@jax-js/jax";
import type { Executor, PlacedArray } from "../executor/executor.js";
import { treeFlatten } from "../params/pytree.js";
import type * as adam from "./adam.js";
import type { HostState } from "./state.js";
import type { ByPath } from "./step.js";

export type Tree = JsTree<PlacedArray>;
export type Placed = ByPath<PlacedArray>;
export type Moments = ByPath<adam.Moments<PlacedArray>>;
/** Results of the gradient; of a whole batch with those of the descent. */
export type PlacedGradient = {
  gradients: Placed;
  loss: PlacedArray;
  gradNorm?: PlacedArray;
  factor?: PlacedArray;
};

/**
 * What a step replaces, where the executor computes. The spares are results of the step before: the next one writes over
 * them, so that training allocates nothing.
 */
export type PlacedState = {
  /** Parameters, in the order of their paths. */
  values: PlacedArray[];
  moments: Moments;
  drift: PlacedArray;
  average: Placed;
  spares: {
    parts: PlacedGradient[];
    sum?: PlacedGradient;
    descent?: PlacedGradient;
    matrices?: Placed;
    kernels?: Placed;
  };
  /** True where the moments are those of each owner, and no process has all of them. */
  momentsApart: boolean;
};

export const tree = (value: object): Tree => value;
export const into = (spare: object | undefined): { into?: Tree } => (spare ? { into: tree(spare) } : {});

/** Places a state; it has no spares yet. */
export async function placeState(executor: Executor, from: HostState): Promise<Omit<PlacedState, "spares">> {
  return {
    values: treeFlatten<PlacedArray>(await executor.place(from.params)).leaves,
    moments: await executor.place(from.moments),
    drift: await executor.place(from.drift),
    average: await executor.place(from.average),
    momentsApart: false,
  };
}
