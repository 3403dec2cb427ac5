import { numpy as np } from "@jax-js/jax";
import type { Executor, PlacedArray } from "../executor/executor.js";
import { named, nth } from "../lists.js";
import { HostArray } from "../params/host-array.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { type BatchShare, changePlaced, gatherNumbers } from "./batch-share.js";
import { type Moments, type Placed, tree } from "./placed-state.js";
import { movingKinds, pickByKind, type StepPrograms } from "./programs.js";
import type { ByPath } from "./step.js";

/** What a step needs from the gradient: that of each parameter that is moved here, and figures of all. */
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
  { owners, mine, ownSquares }: StepPrograms,
  { leaves, clip }: { leaves: readonly TrainedPath[]; clip: number },
) {
  const ownerOf = Object.fromEntries(leaves.map(({ path }, i) => [path, nth(owners, i)]));
  const ownersIn = (byPath: ByPath<unknown>): number[] =>
    Object.keys(byPath).map((path) => named(ownerOf, path));
  const moved = pickByKind(mine, leaves, ...movingKinds);
  const picked = (from: Placed, paths: ByPath<unknown>): Placed =>
    Object.fromEntries(Object.keys(paths).map((path) => [path, named(from, path)]));
  /** What the next step writes over. */
  let before: PlacedArray | undefined;

  const spread = async (byPath: Placed): Promise<Placed> => {
    const change = (arrays: readonly Float32Array[]) => share.spread(arrays, ownersIn(byPath));
    return changePlaced(executor, byPath, change);
  };

  return {
    /** From the gradient of the examples that are computed here. The given gradients are replaced by the returned ones, those of one owner by their sum. */
    async descend({ gradients, loss }: { gradients: Placed; loss: number }): Promise<Descent> {
      const add = (arrays: readonly Float32Array[]) => share.sumTo(arrays, ownersIn(gradients));
      const sums = await changePlaced(executor, gradients, add);
      let squares = 0;
      if (ownSquares) {
        before = await ownSquares.run([tree(picked(sums, moved))], before ? { into: before } : {});
        const each = await executor.fetch<HostArray>(before);
        squares = (each.data as Float32Array).reduce((sum, value) => sum + value, 0);
      }
      const all = await gatherNumbers(share, [loss, squares]);
      const total = (k: number): number => all.reduce((sum, numbers) => sum + nth(numbers, k), 0);
      const gradNorm = Math.sqrt(total(1));
      const factor = Math.min(clip / Math.max(gradNorm, 1e-30), 1);
      const scalar = new HostArray(Float32Array.of(factor), [], np.float32);
      return { gradients: sums, loss: total(0), gradNorm, factor: scalar };
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
      if (before) executor.release(before);
    },
  };
}
