import type { Context } from "../context.js";
import { isFloat } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import { add } from "../rules/arithmetic.js";
import type { Pass } from "./pass.js";

function merged(cx: Context, sum: Lazy, c: Lazy): Lazy | undefined {
  const { graph } = cx;
  if (!isFloat(c.dtype) || !graph.isFixed(c.base) || graph.isFixed(sum.base)) return undefined;
  const [x, b] = graph.originOf(sum).sum?.toSorted((v) => (graph.isFixed(v.base) ? 1 : -1)) ?? [];
  if (!x || !b || !graph.isFixed(b.base) || b.axes.length !== c.axes.length) return undefined;
  return add(cx, x, add({ ...cx, wanted: undefined }, b, c));
}

export const fixedSums: Pass = {
  name: "fixed-sums",
  why: "(x + b) + c of fixed b and c is x + (b + c), and the second sum is computed once",
  needs: "reassociation",
  equations: {
    add: (cx, _eqn, inputs) => {
      const [a, b] = inputs as [Lazy, Lazy];
      const result = a.dtype === b.dtype ? (merged(cx, a, b) ?? merged(cx, b, a)) : undefined;
      return result && [result];
    },
  },
};
