import { arrangeTo, assemble, positionsOf, type Refined } from "../align.js";
import { type Context, elementType, wrap } from "../context.js";
import type { Graph } from "../graph.js";
import { isFloat } from "../jaxpr.js";
import { bufferSize, type Lazy } from "../lazy.js";
import { nth, pick, runsOf, sizeOf } from "../lists.js";
import { product, transposed } from "../matrices.js";
import type { Matrix } from "../origins.js";
import { reduced } from "./reduce.js";

/**
 * The role of each position in a product: held by both sides and kept (batch), by the left one only (rows), by the
 * right one only (columns), by both and summed (inner).
 */
export type Roles = Readonly<Record<"batch" | "rows" | "columns" | "inner", readonly number[]>>;

/** Positions in front of the matrices: split off one by one, so that no side needs a transposition; and the order that users want. */
type Plan = Readonly<{ front: readonly number[]; roles: Roles; wanted: readonly number[] }>;

/** How much larger than a side a result is whose transposition costs more than that of the side. */
const MUCH = 2;

/** The sum over the inner positions as one MatMul or Gemm. */
export function matrixProduct(cx: Context, refined: Refined, x: Lazy, y: Lazy, roles: Roles): Lazy {
  const wanted = (cx.wanted ?? refined.axes.map((_, i) => i)).flatMap((axis) => refined.axes[axis] ?? []);
  const plan = peel(cx.graph, refined, x, y, { front: [], roles, wanted });
  if (plan.front.length > 0) cx.graph.count("stacked-products");
  const { rows, columns } = plan.roles;
  // The result is [front, rows, columns]; the users may prefer the columns first, which costs nothing.
  const rank = (positions: readonly number[]) => Math.min(...positions.map((p) => wanted.indexOf(p)));
  const swap = rank(columns) < rank(rows);
  const result = swap
    ? emit(cx, refined, y, x, { ...plan, roles: { ...plan.roles, rows: columns, columns: rows } })
    : emit(cx, refined, x, y, plan);
  const alone = new Set(plan.front.filter((p) => roles.inner.includes(p)));
  if (alone.size === 0) return assemble(refined, result.order, result.base, x.dtype);
  // Inner positions that were split off must still be summed.
  const factors = result.order.map((p) => ({ size: nth(refined.sizes, p), lazy: false }));
  const whole = { base: result.base, dtype: x.dtype, order: factors, axes: factors.map((f) => [f]) };
  const axes = result.order.flatMap((p, axis) => (alone.has(p) ? [axis] : []));
  const summed = reduced(cx, wrap(cx, whole), "Add", axes);
  return assemble(
    refined,
    result.order.filter((p) => !alone.has(p)),
    summed.base,
    x.dtype,
  );
}

/**
 * Splits positions off the front of the buffers while one side would need a transposition. A position in front of both
 * sides becomes a batch of the product (and is summed afterwards if it is an inner one); one in front of only one side
 * is broadcast on the other. Not for small matrices: [3136, 4, 32] · [32, 56] took 1.8 ms, [12544, 32] · [32, 56] 0.6.
 */
function peel(graph: Graph, refined: Refined, x: Lazy, y: Lazy, plain: Plan): Plan {
  const { products, without } = graph.target;
  const { roles, wanted } = plain;
  if (without.has("stacked-products")) return plain;
  let [left, right] = [positionsOf(x), positionsOf(y)];
  const moved =
    (fits(left, roles, "rows") ? 0 : bufferSize(x)) +
    (fits(right, roles, "columns", left) ? 0 : bufferSize(y));
  let plan = plain;
  while (!fits(left, plan.roles, "rows") || !fits(right, plan.roles, "columns", left)) {
    const [a, b] = [left[0], right[0]];
    const { batch, rows, columns, inner } = plan.roles;
    const aFirst = a !== undefined && (a === b || rows.includes(a));
    const taken = aFirst ? a : b !== undefined && columns.includes(b) ? b : undefined;
    if (taken === undefined) return plain;
    const drop = (positions: readonly number[]) => positions.filter((p) => p !== taken);
    [left, right] = [drop(left), drop(right)];
    plan = {
      ...plan,
      front: [...plan.front, taken],
      roles: { batch: drop(batch), rows: drop(rows), columns: drop(columns), inner: drop(inner) },
    };
    if (plan.roles.inner.length === 0) return plain;
  }
  const size = (positions: readonly number[]) => sizeOf(pick(refined.sizes, positions));
  const { rows, columns, inner } = plan.roles;
  if (plan.front.length > 0 && size(rows) * size(columns) * size(inner) <= products.stacked) return plain;
  // The unsummed result must not be larger than the data that the transpositions would move.
  const summed = plan.front.some((p) => roles.inner.includes(p));
  const written = size([...plan.front, ...plan.roles.batch, ...plan.roles.rows, ...plan.roles.columns]);
  if (summed && written > 2 * (bufferSize(x) + bufferSize(y))) return plain;
  // Nor may its transposition, where it is wanted in another order: the gradient of a kernel from few examples.
  const ordered = plan.front.every((p, i) => p === wanted[i]);
  return !ordered && written > MUCH * moved ? plain : plan;
}

/** True if a buffer already is [batch, outer, inner] or [batch, inner, outer]. */
function fits(
  have: readonly number[],
  roles: Roles,
  side: "rows" | "columns",
  other?: readonly number[],
): boolean {
  const { batch, inner } = roles;
  const outer = roles[side];
  const n = batch.length;
  const tail = have.slice(n);
  const group = (positions: readonly number[], role: readonly number[]) =>
    positions.every((p) => role.includes(p));
  if (!group(have.slice(0, n), batch)) return false;
  const outerFirst = group(tail.slice(0, outer.length), outer);
  const innerFirst = group(tail.slice(0, inner.length), inner);
  if (!outerFirst && !innerFirst) return false;
  // Batch and inner positions must come in the same order on both sides.
  const common = (positions: readonly number[]) => [
    positions.filter((p) => batch.includes(p)),
    positions.filter((p) => inner.includes(p)),
  ];
  return other === undefined || common(have).join("|") === common(other).join("|");
}

function emit(
  cx: Context,
  refined: Refined,
  x: Lazy,
  y: Lazy,
  { front, roles, wanted }: Plan,
): { base: string; order: number[] } {
  const { graph } = cx;
  const sized = (positions: readonly number[]) => sizeOf(pick(refined.sizes, positions));
  const inOrder = (v: Lazy, positions: readonly number[]) =>
    positionsOf(v).filter((p) => positions.includes(p));
  // Batch and inner positions need a common order: the one of the larger side.
  const larger = bufferSize(x) >= bufferSize(y) ? x : y;
  const batch = inOrder(larger, roles.batch);
  const inner = inOrder(larger, roles.inner);
  // Of a side that is much smaller than the result, positions come as they are wanted: that transposes the side.
  const written = sized([...front, ...roles.batch, ...roles.rows, ...roles.columns]);
  const outer = (v: Lazy, positions: readonly number[]) =>
    written > MUCH * bufferSize(v) ? wanted.filter((p) => positions.includes(p)) : inOrder(v, positions);
  const rows = outer(x, roles.rows);
  const columns = outer(y, roles.columns);
  // Adjacent front positions held by the same sides are one dimension.
  const groups = [...groupFront(front, x, y), ...(batch.length > 0 ? [batch] : [])];
  const left = operand(cx, x, groups, rows, inner, sized);
  // As an operand it is [columns, inner], unless it is flipped.
  const right = transposed(operand(cx, y, groups, columns, inner, sized));
  const shape = [...groups.map(sized), sized(rows), sized(columns)];
  const type = { type: elementType(x.dtype), shape };
  const order = [...groups.flat(), ...rows, ...columns];
  if (shape.length === 2 && isFloat(x.dtype)) return { base: product(graph, left, right), order };
  // Runtimes can fuse a Transpose before MatMul.
  return { base: graph.node("MatMul", [swapped(cx, left), swapped(cx, right)], type), order };
}

function groupFront(front: readonly number[], x: Lazy, y: Lazy): number[][] {
  const sides = [positionsOf(x), positionsOf(y)];
  return runsOf(front, (p, q) => sides.every((held) => held.includes(p) === held.includes(q)));
}

/** One side as matrices, [groups, outer, inner] or flipped, whichever needs no transposition. */
function operand(
  cx: Context,
  v: Lazy,
  groups: readonly (readonly number[])[],
  outer: readonly number[],
  inner: readonly number[],
  sized: (positions: readonly number[]) => number,
): Matrix {
  const have = positionsOf(v);
  const front = groups.flat().filter((p) => have.includes(p));
  // A vector is a column.
  const flipped = outer.length === 0 || [...front, ...inner, ...outer].join() === have.join();
  const order = flipped ? [...front, ...inner, ...outer] : [...front, ...outer, ...inner];
  const matrix = flipped ? [sized(inner), sized(outer)] : [sized(outer), sized(inner)];
  const held = groups.map((group) => (group.every((p) => have.includes(p)) ? sized(group) : 1));
  while (held[0] === 1) held.shift();
  return { name: cx.graph.reshape(arrangeTo(cx.graph, v, order).base, [...held, ...matrix]), flipped };
}

function swapped(cx: Context, { name, flipped }: Matrix): string {
  if (!flipped) return name;
  const n = cx.graph.shapeOf(name).length;
  return cx.graph.transpose(name, [...Array(n - 2).keys(), n - 1, n - 2]);
}
