import { DType } from "@jax-js/jax";
import { at, type Refined, refine } from "../align.js";
import { apply, type Context, convert, literal, type Rule, wrap } from "../context.js";
import { outShape, outType } from "../jaxpr.js";
import { solid } from "../layout.js";
import { factor, type Lazy, padRank, shapeOf } from "../lazy.js";
import { leading } from "../lists.js";
import { matrixProduct } from "./matrix-product.js";
import { reduced } from "./reduce.js";
import { reduceFactors, repeated } from "./reductions.js";

export const dot: Rule = (cx, eqn, a, b) => {
  const dtype = outType(eqn);
  const rank = (eqn.outBinders[0]?.aval.shape.length ?? 0) + 1;
  if (shapeOf(a).includes(0) || shapeOf(b).includes(0)) return [literal(cx, 0, dtype, outShape(eqn))];
  if (dtype === DType.Bool) {
    const counts = contract(cx, convert(cx, a, DType.Int32), convert(cx, b, DType.Int32), [rank - 1]);
    return [convert(cx, counts, dtype)];
  }
  return [contract(cx, convert(cx, a, dtype), convert(cx, b, dtype), [rank - 1])];
};

/** The sum of x · y over logical axes, without the broadcast product. */
export function contract(cx: Context, left: Lazy, right: Lazy, axes: readonly number[]): Lazy {
  // Unless the target factors sums, each product is made, also those of a number that is the same in all of them.
  const whole = (v: Lazy): Lazy =>
    cx.graph.target.semantics.factoredSums
      ? v
      : solid(cx.graph, padRank(v, Math.max(left.axes.length, right.axes.length)), axes);
  return sumOfProducts(cx, whole(left), whole(right), axes);
}

function sumOfProducts(cx: Context, x: Lazy, y: Lazy, axes: readonly number[]): Lazy {
  const refined = refine(cx.graph, [x, y]);
  const summed = new Set(axes.flatMap((axis) => refined.axes[axis] ?? []));
  const outAxes = refined.axes.filter((_, axis) => !axes.includes(axis));
  const [left, right, times] = sumAlone(cx, refined, summed);

  const holds = (v: Lazy, p: number) => !at(v, p).lazy;
  const positions = refined.sizes.map((_, p) => p);
  const inner = positions.filter((p) => summed.has(p) && holds(left, p));
  if (inner.length === 0) {
    // The rest is a plain product of the two.
    const plain = apply(cx, "Mul", [regroup(left, outAxes), regroup(right, outAxes)], x.dtype);
    return repeated(cx, wrap(cx, plain), "Add", times);
  }
  const free = positions.filter((p) => !summed.has(p));
  const batch = free.filter((p) => holds(left, p) && holds(right, p));
  const rows = free.filter((p) => holds(left, p) && !holds(right, p));
  const columns = free.filter((p) => !holds(left, p) && holds(right, p));
  if (rows.length === 0 && columns.length === 0) {
    const product = apply({ ...cx, wanted: undefined }, "Mul", [left, right], x.dtype);
    const total = reduced(cx, wrap(cx, product), "Add", inner);
    // Drop the other summed positions too, then group the rest into axes.
    const kept = positions.filter((p) => !inner.includes(p));
    const byPosition = new Map(kept.map((p, i) => [p, total.axes[i] ?? []]));
    const result = { ...total, axes: outAxes.map((axis) => axis.flatMap((p) => byPosition.get(p) ?? [])) };
    return repeated(cx, result, "Add", times);
  }
  const roles = { batch, rows, columns, inner };
  const result = matrixProduct(cx, { ...refined, axes: outAxes }, left, right, roles);
  return repeated(cx, wrap(cx, result), "Add", times);
}

/** Sums over positions that at most one side holds: they do not need the other side. */
function sumAlone(cx: Context, refined: Refined, summed: ReadonlySet<number>): [Lazy, Lazy, number] {
  let [left, right] = leading(refined.values, 2);
  let times = 1;
  const sumOver = (v: Lazy, p: number): Lazy => {
    const { order, base } = reduceFactors(cx, v, "ReduceSum", (f) => f === at(v, p));
    return { base, dtype: v.dtype, order, axes: v.axes.with(p, [factor(at(v, p).size, true)]) };
  };
  for (const p of summed) {
    const [l, r] = [at(left, p), at(right, p)];
    if (l.lazy && r.lazy) times *= l.size;
    else if (r.lazy) left = sumOver(left, p);
    else if (l.lazy) right = sumOver(right, p);
  }
  return [left, right, times];
}

const regroup = (v: Lazy, axes: readonly (readonly number[])[]): Lazy => ({
  ...v,
  axes: axes.map((axis) => axis.map((p) => at(v, p))),
});
