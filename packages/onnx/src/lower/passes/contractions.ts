import { paramsOf } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import { contract } from "../rules/dot.js";
import type { ReduceKind } from "../rules/reductions.js";
import type { Pass } from "./pass.js";

/** True if each side lacks an axis that the other has, so that the product is larger than both. */
function isMatrixProduct(x: Lazy, y: Lazy, axes: readonly number[]): boolean {
  const rank = Math.max(x.axes.length, y.axes.length);
  const holds = (v: Lazy, axis: number) => (v.axes[axis - rank + v.axes.length] ?? []).some((f) => !f.lazy);
  const outer = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
  return (
    axes.some((i) => holds(x, i) && holds(y, i)) &&
    outer.some((i) => holds(x, i) && !holds(y, i)) &&
    outer.some((i) => !holds(x, i) && holds(y, i))
  );
}

export const contractions: Pass = {
  name: "contractions",
  why: "the sum of a product of broadcast arrays is a matrix product, and the larger product is not written",
  equations: {
    reduce: (cx, eqn, [v]) => {
      const { op, axis } = paramsOf<{ op: ReduceKind; axis: number[] }>(eqn);
      const pair = op === "Add" ? cx.graph.originOf(v as Lazy).product : undefined;
      return pair && isMatrixProduct(...pair, axis) ? [contract(cx, ...pair, axis)] : undefined;
    },
  },
};
