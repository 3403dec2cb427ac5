import { type Context, madeBy } from "../context.js";
import { type Lazy, sameLayout } from "../lazy.js";
import { type Padding, padNode } from "../rules/movement.js";
import type { Pass } from "./pass.js";

/**
 * The sum of two arrays that are zero where the other is not, side by side along one axis: a Concat.
 * The gradient of slicing an array into parts is such a sum.
 */
function addPadded(cx: Context, a: Lazy, b: Lazy): Lazy | undefined {
  const [p, q] = [paddingOf(cx, a), paddingOf(cx, b)];
  if (p === undefined || q === undefined || p.dim !== q.dim || !sameLayout(a, b)) return undefined;
  const [left, right] = p.before <= q.before ? [p, q] : [q, p];
  const { graph } = cx;
  const shape = graph.shapeOf(a.base);
  const total = shape[p.dim] as number;
  const size = (end: typeof p) => total - end.before - end.after;
  if (left.before + size(left) !== right.before || graph.shapeOf(b.base).join() !== shape.join())
    return undefined;
  const width = size(left) + size(right);
  const joined = graph.node(
    "Concat",
    [left.source, right.source],
    { type: graph.typeOf(a.base), shape: shape.with(p.dim, width) },
    { attributes: { axis: p.dim } },
  );
  if (width === total) return { ...a, base: joined };
  const base = padNode(cx, joined, a.dtype, { dim: p.dim, before: left.before, after: right.after });
  return { ...a, base };
}

/** The input of a Pad node, its dimension, and the padding. */
function paddingOf(cx: Context, v: Lazy): (Padding & { source: string }) | undefined {
  const made = madeBy(cx, v, "Pad");
  if (made === undefined) return undefined;
  const [source, widths] = made.inputs as [string, string];
  const all = Array.from(cx.graph.constantOf(widths)?.data ?? [], Number);
  const rank = all.length / 2;
  const dim = all.findIndex((width) => width !== 0) % rank;
  return { source, dim, before: all[dim] as number, after: all[dim + rank] as number };
}

export const joinedParts: Pass = {
  name: "joined-parts",
  why: "the gradient of an array that is split is its parts side by side, not a sum of padded ones",
  equations: {
    add: (cx, _eqn, inputs) => {
      const [a, b] = inputs as [Lazy, Lazy];
      const result = a.dtype === b.dtype ? addPadded(cx, a, b) : undefined;
      return result && [result];
    },
  },
};
