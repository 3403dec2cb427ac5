import { numpy as np } from "@jax-js/jax";
import type { Executor, PlacedArray } from "../executor/executor.js";
import { named, nth } from "../lists.js";
import { HostArray } from "../params/host-array.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { type BatchShare, changePlaced, gatherNumbers } from "./batch-share.js";
import { type Moments, type Placed, tree } from "./placed-state.js";
import { movingKinds, pickByKind, type StepPrograms } from "./programs.js";
import type { ByPath } from "./step.js";

/** What a step needs from the gradient: that of each parameter that is moved here (skew, of orthogonal ones), and figures of all. */
export type Descent = {
  gradients: Placed;
  loss: number;
  gradNorm: number;
  /** What clipping multiplies the gradients with. */
  factor: PlacedArray | HostArray;
};

/** What several processes that train together send each other in a step. All call the same functions in the same order. */
export function makeSharedStep(
  executor: Executor,
  share: BatchShare,
  { owners, mine, ownDescent }: StepPrograms,
  { leaves, clip }: { leaves: readonly TrainedPath[]; clip: number },
) {
  const ownerOf = Object.fromEntries(leaves.map(({ path }, i) => [path, nth(owners, i)]));
  const ownersIn = (byPath: ByPath<unknown>): number[] =>
    Object.keys(byPath).map((path) => named(ownerOf, path));
  const moved = pickByKind(mine, leaves, ...movingKinds);
  const square = pickByKind(mine, leaves, "orthogonal");
  const picked = (from: Placed, paths: ByPath<unknown>): Placed =>
    Object.fromEntries(Object.keys(paths).map((path) => [path, named(from, path)]));
  /** Results of `descent` that the next one writes over; the update has put rotations in the place of the skew gradients. */
  let before: { own: Placed; squares: PlacedArray } | undefined;

  const spread = async (byPath: Placed): Promise<Placed> => {
    const change = (arrays: readonly Float32Array[]) => share.spread(arrays, ownersIn(byPath));
    return changePlaced(executor, byPath, change);
  };

  return {
    /**
     * From the gradient of the examples that are computed here, and the orthogonal matrices that are moved here. The given
     * gradients are replaced by the returned ones, those of one owner by their sum.
     */
    async descend(
      { gradients, loss }: { gradients: Placed; loss: number },
      matrices: Placed,
    ): Promise<{ found: Descent; gradients: Placed }> {
      const add = (arrays: readonly Float32Array[]) => share.sumTo(arrays, ownersIn(gradients));
      const sums = await changePlaced(executor, gradients, add);
      const own = picked(sums, moved);
      let squares = 0;
      if (ownDescent) {
        const spare = before && { skew: picked(before.own, square), squares: before.squares };
        const result = await ownDescent.run([tree(matrices), tree(own)], spare ? { into: tree(spare) } : {});
        Object.assign(own, result.skew);
        before = { own, squares: result.squares };
        const each = await executor.fetch<HostArray>(result.squares);
        squares = (each.data as Float32Array).reduce((sum, value) => sum + value, 0);
      }
      const all = await gatherNumbers(share, [loss, squares]);
      const total = (k: number): number => all.reduce((sum, numbers) => sum + nth(numbers, k), 0);
      const gradNorm = Math.sqrt(total(1));
      const factor = Math.min(clip / Math.max(gradNorm, 1e-30), 1);
      const scalar = new HostArray(Float32Array.of(factor), [], np.float32);
      return { found: { gradients: own, loss: total(0), gradNorm, factor: scalar }, gradients: sums };
    },

    /** Values of all parameters in their order, those of other owners as they have moved them. The given ones are replaced. */
    async spreadValues(all: readonly PlacedArray[]): Promise<PlacedArray[]> {
      const next = await spread(pickByKind(leaves, all, ...movingKinds));
      return all.map((value, i) => next[nth(leaves, i).path] ?? value);
    },

    /** The largest of all processes' numbers. */
    async largest(value: number): Promise<number> {
      return Math.max(...(await gatherNumbers(share, [value])).map(([each]) => each as number));
    },

    /** The gradients that `descend` returned, as the sums of all owners. */
    spreadGradients: spread,

    /** The moments of all owners; a step moves those of its own parameters alone. The given ones are replaced. */
    async spreadMoments(moments: Moments): Promise<Moments> {
      const all = Object.entries(moments).flatMap(([path, each]) =>
        Object.keys(each).map(() => named(ownerOf, path)),
      );
      const change = (arrays: readonly Float32Array[]) => share.spread(arrays, all);
      return changePlaced(executor, moments, change);
    },

    dispose(): void {
      if (before) executor.release(tree([picked(before.own, square), before.squares]));
    },
  };
}
