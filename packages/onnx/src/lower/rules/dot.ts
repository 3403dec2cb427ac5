import { DType } from "@jax-js/jax";
import { arrangeTo, assemble, at, positionsOf, refine, type Refined } from "../align.js";
import { apply, type Context, convert, elementType, type Rule, wrap } from "../context.js";
import { isFloat, sizeOf } from "../jaxpr.js";
import { type Lazy, shapeOf } from "../lazy.js";
import { reduceAxes, reduceFactors, repeated } from "./reduce.js";

const dot: Rule = (cx, eqn, inputs) => {
  const dtype = eqn.outBinders[0]?.aval.dtype as Lazy["dtype"];
  const rank = (eqn.outBinders[0]?.aval.shape.length ?? 0) + 1;
  const [a, b] = inputs as [Lazy, Lazy];
  if (dtype === DType.Bool) {
    const counts = contract(cx, convert(cx, a, DType.Int32), convert(cx, b, DType.Int32), [rank - 1]);
    return [convert(cx, counts, dtype)];
  }
  return [contract(cx, convert(cx, a, dtype), convert(cx, b, dtype), [rank - 1])];
};

export const dotRules: Readonly<Record<string, Rule>> = { dot };

/** True where x · y, summed over `axes`, is a matrix product: each side lacks what the other has. */
export function isProduct(x: Lazy, y: Lazy, axes: readonly number[]): boolean {
  const rank = Math.max(x.axes.length, y.axes.length);
  const holds = (v: Lazy, axis: number) => (v.axes[axis - rank + v.axes.length] ?? []).some((f) => !f.lazy);
  const outer = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
  return (
    axes.some((i) => holds(x, i) && holds(y, i)) &&
    outer.some((i) => holds(x, i) && !holds(y, i)) &&
    outer.some((i) => !holds(x, i) && holds(y, i))
  );
}

/** The sum of x · y over logical axes, without the broadcast product. */
export function contract(cx: Context, x: Lazy, y: Lazy, axes: readonly number[]): Lazy {
  const refined = refine(cx.graph, [x, y]);
  const summed = new Set(axes.flatMap((axis) => refined.axes[axis] ?? []));
  const outAxes = refined.axes.filter((_, axis) => !axes.includes(axis));
  const [left, right, times] = sumAlone(cx, refined, summed);

  const holds = (v: Lazy, p: number) => !at(v, p).lazy;
  const positions = refined.sizes.map((_, p) => p);
  const inner = positions.filter((p) => summed.has(p) && holds(left, p));
  if (inner.length === 0) {
    // What is left is a plain product of the two.
    const plain = apply(cx, "Mul", [regroup(left, outAxes), regroup(right, outAxes)], x.dtype);
    return repeated(cx, wrap(cx, plain), "Add", times);
  }
  const free = positions.filter((p) => !summed.has(p));
  const batch = free.filter((p) => holds(left, p) && holds(right, p));
  const rows = free.filter((p) => holds(left, p) && !holds(right, p));
  const columns = free.filter((p) => !holds(left, p) && holds(right, p));
  if (rows.length === 0 && columns.length === 0) {
    const product = apply({ ...cx, wanted: undefined }, "Mul", [left, right], x.dtype);
    const total = reduceAxes(cx, product, "Add", inner);
    // Drop the other summed positions too, then group what is left into axes.
    const kept = positions.filter((p) => !inner.includes(p));
    const byPosition = new Map(kept.map((p, i) => [p, total.axes[i] ?? []]));
    const result = { ...total, axes: outAxes.map((axis) => axis.flatMap((p) => byPosition.get(p) ?? [])) };
    return repeated(cx, result, "Add", times);
  }
  const result = product(cx, { ...refined, axes: outAxes }, left, right, { batch, rows, columns, inner });
  return repeated(cx, wrap(cx, result), "Add", times);
}

/** Sums over positions that only one side holds, or none: they do not need the other side. */
function sumAlone(cx: Context, refined: Refined, summed: ReadonlySet<number>): [Lazy, Lazy, number] {
  let [left, right] = refined.values as [Lazy, Lazy];
  let times = 1;
  for (const p of summed) {
    const [l, r] = [at(left, p), at(right, p)];
    if (l.lazy && r.lazy) times *= l.size;
    else if (r.lazy) left = without(reduceFactors(cx, left, "ReduceSum", (f) => f === l), p);
    else if (l.lazy) right = without(reduceFactors(cx, right, "ReduceSum", (f) => f === r), p);
  }
  return [left, right, times];
}

/** Marks a position that was summed away as lazy. */
function without(v: Lazy, position: number): Lazy {
  return { ...v, axes: v.axes.with(position, [{ size: at(v, position).size, lazy: true }]) };
}

const regroup = (v: Lazy, axes: readonly (readonly number[])[]): Lazy => ({
  ...v,
  axes: axes.map((axis) => axis.map((p) => at(v, p))),
});

type Roles = Readonly<Record<"batch" | "rows" | "columns" | "inner", readonly number[]>>;

function product(cx: Context, refined: Refined, x: Lazy, y: Lazy, roles: Roles): Lazy {
  const { graph } = cx;
  // The result is [batch, rows, columns]; the users may want the columns first.
  const wanted = (cx.wanted ?? refined.axes.map((_, i) => i)).flatMap((axis) => refined.axes[axis] ?? []);
  const rank = (positions: readonly number[]) => Math.min(...positions.map((p) => wanted.indexOf(p)));
  if (rank(roles.columns) < rank(roles.rows)) {
    return product(cx, refined, y, x, { ...roles, rows: roles.columns, columns: roles.rows });
  }
  const sized = (positions: readonly number[]) => sizeOf(positions.map((p) => refined.sizes[p] as number));
  const inOrder = (v: Lazy, positions: readonly number[]) => positionsOf(v).filter((p) => positions.includes(p));
  // Batch and inner positions need a common order: the one of the larger side.
  const larger = sized(roles.rows) >= sized(roles.columns) ? x : y;
  const batch = inOrder(larger, roles.batch);
  const inner = inOrder(larger, roles.inner);
  const rows = inOrder(x, roles.rows);
  const columns = inOrder(y, roles.columns);
  const left = operand(cx, x, batch, rows, inner, sized);
  const right = operand(cx, y, batch, columns, inner, sized);
  const shape = [...(batch.length > 0 ? [sized(batch)] : []), sized(rows), sized(columns)];
  const type = { type: elementType(x.dtype), shape };
  // The right operand is [columns, inner] where it is not flipped.
  const [transA, transB] = [left.flipped, !right.flipped];
  const inputs = [left.name, right.name];
  let base: string;
  if (!transA && !transB) base = graph.node("MatMul", inputs, type);
  else if (!isFloat(x.dtype)) {
    base = graph.node("MatMul", [swapped(cx, left.name, transA), swapped(cx, right.name, transB)], type);
  } else if (batch.length === 0) {
    const attributes = { ...(transA && { transA: 1 }), ...(transB && { transB: 1 }) };
    base = graph.node("Gemm", inputs, type, { attributes });
  } else {
    // A Transpose before MatMul is what runtimes know how to fuse.
    base = graph.node("MatMul", [swapped(cx, left.name, transA), swapped(cx, right.name, transB)], type);
  }
  return assemble(refined, [...batch, ...rows, ...columns], base, x.dtype);
}

/** One side as a matrix, [batch, outer, inner] or flipped, whichever needs no transposition. */
function operand(
  cx: Context,
  v: Lazy,
  batch: readonly number[],
  outer: readonly number[],
  inner: readonly number[],
  sized: (positions: readonly number[]) => number,
): { name: string; flipped: boolean } {
  const have = positionsOf(v).join();
  // A vector is a column.
  const flipped = outer.length === 0 || [...batch, ...inner, ...outer].join() === have;
  const order = flipped ? [...batch, ...inner, ...outer] : [...batch, ...outer, ...inner];
  const matrix = flipped ? [sized(inner), sized(outer)] : [sized(outer), sized(inner)];
  const shape = [...(batch.length > 0 ? [sized(batch)] : []), ...matrix];
  return { name: cx.graph.reshape(arrangeTo(cx.graph, v, order).base, shape), flipped };
}

function swapped(cx: Context, name: string, swap: boolean): string {
  if (!swap) return name;
  const shape = cx.graph.shapeOf(name);
  const n = shape.length;
  const perm = [...Array(n - 2).keys(), n - 1, n - 2];
  return cx.graph.node(
    "Transpose",
    [name],
    { type: cx.graph.typeOf(name), shape: perm.map((i) => shape[i] as number) },
    { attributes: { perm } },
  );
}
