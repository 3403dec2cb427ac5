import type { Graph } from "./graph.js";
import { arrange, cuts, dense, insertPosition, isArranged } from "./layout.js";
import {
  bufferSize,
  canonical,
  type Factor,
  factor,
  type Lazy,
  ofBuffer,
  padRank,
  shapeOf,
  view,
} from "./lazy.js";
import { nth, pick, runsOf, sizeOf } from "./lists.js";

/** Values split at common positions: axis p of each value is one factor, at position p of all. */
export type Refined = Readonly<{
  values: readonly Lazy[];
  sizes: readonly number[];
  /** For each logical axis, its positions. */
  axes: readonly (readonly number[])[];
}>;

/** Splits the axes of values that broadcast against each other into common factors. */
export function refine(graph: Graph, inputs: readonly Lazy[]): Refined {
  const rank = Math.max(...inputs.map((v) => v.axes.length));
  const values = inputs.map((v) => padRank(v, rank));
  const whole = wholeAxes(values, rank);
  if (whole) return whole;
  const sizes: number[] = [];
  const axes: number[][] = [];
  for (let axis = 0; axis < rank; axis++) {
    const common = commonCuts(graph, values, axis);
    axes.push(common.map((_, i) => sizes.length + i));
    sizes.push(...common);
  }
  const cut = values.map((v) => {
    const whole = v.axes.map((factors, i) => {
      const size = sizeOf(nth(axes, i).map((p) => nth(sizes, p)));
      return size > 1 && factors.length === 0 ? [factor(size, true)] : factors;
    });
    return view({ ...v, axes: whole }, sizes);
  });
  return { values: cut, sizes, axes };
}

/** Values each axis of which is one factor, the same for all that have it, as most are: nothing is split. */
function wholeAxes(values: readonly Lazy[], rank: number): Refined | undefined {
  const sizes: number[] = [];
  const axes: number[][] = [];
  const cut = values.map((): Factor[][] => []);
  for (let axis = 0; axis < rank; axis++) {
    const held = values.find((v) => nth(v.axes, axis).length > 0)?.axes[axis]?.[0]?.size;
    axes.push(held === undefined ? [] : [sizes.length]);
    if (held === undefined) continue;
    sizes.push(held);
    for (const [i, v] of values.entries()) {
      const [only = factor(held, true), ...more] = nth(v.axes, axis);
      if (held === 1 || more.length > 0 || only.size !== held) return undefined;
      nth(cut, i).push([only]);
    }
  }
  return { values: values.map((v, i) => ({ ...v, axes: nth(cut, i) })), sizes, axes };
}

/** The finest sizes into which an axis of all values can be split; values that cannot be split are copied. */
function commonCuts(graph: Graph, values: Lazy[], axis: number): number[] {
  const ends = new Set<number>();
  // Larger buffers first: if two splits exclude each other, the smaller buffer is copied.
  const bySize = [...values.entries()].sort(([, v], [, w]) => bufferSize(w) - bufferSize(v));
  for (const [i, v] of bySize) {
    const factors = v.axes[axis] ?? [];
    if (factors.length === 0) continue;
    const own = cuts(factors.map((f) => f.size));
    const all = [...new Set([...ends, ...own])].sort((a, b) => a - b);
    if (all.every((end, j) => j === 0 || end % nth(all, j - 1) === 0)) {
      for (const end of all) ends.add(end);
    } else {
      values[i] = ofBuffer(dense(graph, v), v.dtype, shapeOf(v));
      ends.add(nth(own, -1));
    }
  }
  const sorted = [...ends].sort((a, b) => a - b);
  return sorted.map((end, j) => end / (sorted[j - 1] ?? 1)).reverse();
}

/** The factor of a value at a position. */
export const at = (v: Lazy, position: number): Factor => nth(nth(v.axes, position), 0);

/** Positions in the buffer of a value, in the order of the buffer. */
export function positionsOf(v: Lazy): number[] {
  return v.order.map((f) => v.axes.findIndex((axis) => axis[0] === f));
}

/**
 * The order of positions for a common result: the one that moves the fewest elements. Ties go to the wanted order, or
 * to that of the earliest value: a gradient combined with values of its forward pass is then transposed once, instead
 * of each of them.
 */
export function chooseOrder(graph: Graph, values: readonly Lazy[], wanted?: readonly number[]): number[] {
  const held = [...(values[0]?.axes.keys() ?? [])].filter((p) => values.some((v) => !at(v, p).lazy));
  const byAge = values.toSorted((a, b) => graph.ageOf(a.base) - graph.ageOf(b.base)).map(positionsOf);
  const wish = wanted?.filter((p) => held.includes(p));
  const candidates = [...(wish ? [wish] : []), ...byAge].map((order) => {
    const full = [...order];
    for (const p of held) if (!full.includes(p)) insertPosition(full, p);
    return full;
  });
  const cost = (order: readonly number[]) =>
    values.reduce((sum, v) => sum + (isArranged(graph, v, factorsAt(v, order)) ? 0 : bufferSize(v)), 0);
  let best: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const order of candidates) {
    const own = cost(order);
    if (own < least) [best, least] = [order, own];
    if (least === 0) break;
  }
  return best;
}

/** The factors of a value at these positions. */
const factorsAt = (v: Lazy, order: readonly number[]): Factor[] =>
  order.map((p) => at(v, p)).filter((f) => !f.lazy);

/** Transposes a value if its buffer is not in the order of these positions. */
export function arrangeTo(graph: Graph, v: Lazy, order: readonly number[]): Lazy {
  return arrange(graph, v, factorsAt(v, order));
}

/** ONNX values that broadcast against each other to the positions of `order`, with as few Reshape nodes as possible. */
export function broadcastNames(
  graph: Graph,
  values: readonly Lazy[],
  order: readonly number[],
  sizes: readonly number[],
) {
  const masks = values.map((v) => order.map((p) => !at(v, p).lazy));
  const dims = pick(sizes, order);
  // Ties go to the shape of the earliest value: later values that meet it use it too.
  const shapes = values
    .filter((_, i) => masks[i]?.every(Boolean))
    .sort((a, b) => graph.ageOf(a.base) - graph.ageOf(b.base))
    .map((v) => graph.shapeOf(v.base));
  let chosen: (number[] | undefined)[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  for (const shape of [...shapes, mergedShape(dims, masks)]) {
    const needs = masks.map((mask) => project(shape, dims, mask)).filter((need) => need !== null);
    if (needs.length < masks.length) continue;
    const fits = values.map((v, i) => broadcastsTo(graph.shapeOf(v.base), nth(needs, i)));
    // A reshape that another node already needs is free.
    const isNew = (i: number) =>
      !fits[i] && graph.findReshape(nth(values, i).base, nth(needs, i)) === undefined;
    const reshapes = values.filter((_, i) => isNew(i)).length;
    if (reshapes >= fewest) continue;
    fewest = reshapes;
    chosen = needs.map((need, i) => (fits[i] ? undefined : need));
    if (reshapes === 0) break;
  }
  return values.map((v, i) => (chosen[i] === undefined ? v.base : graph.reshape(v.base, chosen[i])));
}

/** Adjacent positions that every value either holds or lacks together become one dimension. */
const mergedShape = (dims: readonly number[], masks: readonly (readonly boolean[])[]): number[] =>
  runsOf(dims.keys(), (i, j) => masks.every((mask) => mask[i] === mask[j])).map((run) =>
    sizeOf(pick(dims, run)),
  );

/** `shape` with 1 where `mask` lacks the position; null if a dimension is held only partially. */
function project(
  shape: readonly number[],
  dims: readonly number[],
  mask: readonly boolean[],
): number[] | null {
  const ends = cuts(dims);
  const marks = mask.toReversed();
  let end = 1;
  const result: number[] = [];
  for (const size of shape.toReversed()) {
    const start = end;
    end *= size;
    if (size === 1) {
      result.unshift(1);
      continue;
    }
    const inside = marks.filter((_, i) => nth(ends, i) > start && (ends[i - 1] ?? 1) < end);
    if (inside.every(Boolean)) result.unshift(size);
    else if (inside.some(Boolean)) return null;
    else result.unshift(1);
  }
  return result;
}

/** True if a shape equals `target` except for leading ones, and does not raise the rank of the result. */
function broadcastsTo(shape: readonly number[], target: readonly number[]): boolean {
  if (shape.length > target.length) return false;
  const missing = target.length - shape.length;
  return target.every((n, i) => n === (i < missing ? 1 : shape[i - missing]));
}

/** The broadcast shape of several shapes in ONNX. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
    return sizes.find((n) => n !== 1) ?? 1;
  });
}

/** The result of an operation on aligned values, as a value with the logical axes of `refined`. */
export function assemble(
  refined: Omit<Refined, "values">,
  order: readonly number[],
  base: string,
  dtype: Lazy["dtype"],
): Lazy {
  const factors = refined.sizes.map((size, p) => factor(size, !order.includes(p)));
  return canonical({
    base,
    dtype,
    order: pick(factors, order),
    axes: refined.axes.map((positions) => pick(factors, positions)),
  });
}
