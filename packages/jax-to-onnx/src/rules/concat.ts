import { arrangeTo, at, chooseOrder, positionsOf, refine } from "../align.js";
import { type Context, convert, elementType, type Rule } from "../context.js";
import type { Graph } from "../graph.js";
import { outType, paramsOf } from "../jaxpr.js";
import { expandTo, solid } from "../layout.js";
import { canonical, factor, type Lazy, shapeOf } from "../lazy.js";
import { nth, pick, sizeOf, sumOf } from "../lists.js";

const concatenate: Rule = (cx, eqn, ...inputs) => {
  const { axis } = paramsOf<{ axis: number }>(eqn);
  const dtype = outType(eqn);
  const parts = inputs.filter((v) => shapeOf(v)[axis] !== 0).map((v) => convert(cx, v, dtype));
  return [concat(cx, parts, axis)];
};

/** Concatenates values along an axis, in a common layout. */
export function concat(cx: Context, parts: readonly Lazy[], axis: number): Lazy {
  const first = nth(parts, 0);
  if (parts.length === 1) return first;
  const { graph } = cx;
  const sizes = parts.map((v) => nth(shapeOf(v), axis));
  // Without the axis the parts have one shape and can be aligned; it comes back as one dimension.
  const held = parts.map((v, i) => {
    const whole = solid(graph, v, [axis]);
    return sizes[i] === 1 ? withUnit(whole, axis) : whole;
  });
  const own = held.map((v) => nth(nth(v.axes, axis), 0));
  const without = held.map((v) => ({ ...v, axes: v.axes.with(axis, []) }));
  const refined = refine(graph, without);
  // Each part is aligned with the position of its own factor restored.
  const marker = refined.sizes.length;
  const values = refined.values.map((v, i) => ({ ...v, axes: [...v.axes, [nth(own, i)]] }));
  const wanted = cx.wanted?.flatMap((i) => (i === axis ? [marker] : (refined.axes[i] ?? [])));
  const order = chooseOrder(graph, values, wanted);
  const bases = values.map((v) => arrangeTo(graph, expandAt(cx, v, order), order).base);
  const dim = order.indexOf(marker);
  const [before, after] = [order.slice(0, dim), order.slice(dim + 1)].map((side) =>
    pick(refined.sizes, side),
  ) as [number[], number[]];
  const { names, dimension, shape } = parallel(graph, bases, before, sizes, after);
  const type = { type: elementType(first.dtype), shape };
  const base = graph.node("Concat", names, type, { attributes: { axis: dimension } });
  const total = sumOf(sizes);
  const factors = [...refined.sizes.map((size, p) => factor(size, !order.includes(p))), factor(total)];
  return canonical({
    base,
    dtype: first.dtype,
    order: pick(factors, order),
    axes: refined.axes.map((positions, i) =>
      i === axis ? [nth(factors, marker)] : pick(factors, positions),
    ),
  });
}

/**
 * Buffers [before, size, after] in the shapes for Concat: with the present dimensions, or with those on each side of
 * the axis merged, whichever needs fewer Reshape nodes.
 */
function parallel(
  graph: Graph,
  bases: readonly string[],
  before: readonly number[],
  sizes: readonly number[],
  after: readonly number[],
): { names: string[]; dimension: number; shape: number[] } {
  const shaped = (left: readonly number[], right: readonly number[]) => {
    const shapes = sizes.map((size) => [...left, size, ...right]);
    const fresh = bases.filter((base, i) => graph.findReshape(base, nth(shapes, i)) === undefined);
    const total = sumOf(sizes);
    return { shapes, reshapes: fresh.length, dimension: left.length, shape: [...left, total, ...right] };
  };
  const merged = (side: readonly number[]) => (side.length > 1 ? [sizeOf(side)] : side);
  const plain = shaped(before, after);
  const short = shaped(merged(before), merged(after));
  const { shapes, dimension, shape } = short.reshapes < plain.reshapes ? short : plain;
  return { names: bases.map((base, i) => graph.reshape(base, nth(shapes, i))), dimension, shape };
}

/**
 * A factor of size 1 for an axis without one. Any position in the buffer is possible: before the later axes if the
 * result is in logical order, otherwise in front.
 */
function withUnit(v: Lazy, axis: number): Lazy {
  const unit = factor(1);
  const later = new Set(v.axes.slice(axis + 1).flat());
  const place = v.order.findIndex((f) => later.has(f));
  return { ...v, order: v.order.toSpliced(Math.max(0, place), 0, unit), axes: v.axes.with(axis, [unit]) };
}

/** Concat does not broadcast: each part must hold every position of the result. */
function expandAt(cx: Context, v: Lazy, order: readonly number[]): Lazy {
  const missing = order.filter((p) => at(v, p).lazy);
  if (missing.length === 0) return v;
  const { graph } = cx;
  const have = positionsOf(v);
  const full = order.filter((p) => have.includes(p) || missing.includes(p));
  const arranged = arrangeTo(graph, v, full);
  const shape = full.map((p) => at(v, p).size);
  const held = full.map((p) => (missing.includes(p) ? 1 : at(v, p).size));
  const base = expandTo(graph, v, () => graph.reshape(arranged.base, held), shape);
  const axes = v.axes.map((axis, p) => (missing.includes(p) ? [factor(at(v, p).size)] : axis));
  return { ...v, base, order: full.map((p) => nth(nth(axes, p), 0)), axes };
}

export const concatRules: Readonly<Record<string, Rule>> = { concatenate };
