import { arrangeTo, assemble, at, chooseOrder, refine } from "../align.js";
import { type Context, convert, elementType, type Rule } from "../context.js";
import type { Graph } from "../graph.js";
import { outType, paramsOf } from "../jaxpr.js";
import { expandTo, solid } from "../layout.js";
import { factor, type Lazy, shapeOf } from "../lazy.js";
import { nth, pick, sizeOf, sumOf } from "../lists.js";

export const concatenate: Rule = (cx, eqn, ...inputs) => {
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
  const bases = values.map((v) => expandedTo(graph, v, order));
  const dim = order.indexOf(marker);
  const [before, after] = [
    pick(refined.sizes, order.slice(0, dim)),
    pick(refined.sizes, order.slice(dim + 1)),
  ];
  const { names, dimension, shape } = parallel(graph, bases, before, sizes, after);
  const type = { type: elementType(first.dtype), shape };
  const base = graph.node("Concat", names, type, { attributes: { axis: dimension } });
  const whole = { sizes: [...refined.sizes, sumOf(sizes)], axes: refined.axes.with(axis, [marker]) };
  return assemble(whole, order, base, first.dtype);
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

/** The buffer with every position of an order: Concat does not broadcast. */
function expandedTo(graph: Graph, v: Lazy, order: readonly number[]): string {
  const { base } = arrangeTo(graph, v, order);
  const factors = order.map((p) => at(v, p));
  if (factors.every(({ lazy }) => !lazy)) return base;
  const held = factors.map(({ lazy, size }) => (lazy ? 1 : size));
  const shape = factors.map(({ size }) => size);
  return expandTo(graph, v, () => graph.reshape(base, held), shape);
}
