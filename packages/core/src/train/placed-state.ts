import type { JsTree } from "@jax-js/jax";
import type { Executor, PlacedArray } from "../executor/executor.js";
import type { HostArray } from "../params/host-array.js";
import { treeFlatten } from "../params/pytree.js";
import type { HostState } from "./state.js";
import type { ByPath } from "./step.js";

export type Tree = JsTree<PlacedArray>;
export type Placed = ByPath<PlacedArray>;
export type Moments = ByPath<{ first: PlacedArray; second: PlacedArray }>;
/** Results of the gradient, and of the descent. */
export type PlacedGradient = { gradients: Placed; loss: PlacedArray };
export type PlacedDescent = PlacedGradient & { gradNorm: PlacedArray; factor: PlacedArray };

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
  spares: { parts: Tree[]; sum?: Tree; descent?: PlacedDescent; matrices?: Placed };
  /** True where the moments are those of each owner, and no process has all of them. */
  momentsApart: boolean;
};

export const tree = (value: object): Tree => value;
export const into = (spare: object | undefined): { into?: Tree } => (spare ? { into: tree(spare) } : {});

/** Places a state; it has no spares yet. */
export async function placeState(executor: Executor, from: HostState): Promise<Omit<PlacedState, "spares">> {
  const place = async (host: object) => executor.place(tree(host) as JsTree<HostArray>);
  return {
    values: treeFlatten(await executor.place(from.params)).leaves,
    moments: (await place(from.moments)) as unknown as Moments,
    drift: await executor.place(from.drift),
    average: (await place(from.average)) as unknown as Placed,
    momentsApart: false,
  };
}
