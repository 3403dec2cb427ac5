import type { Graph } from "./graph.js";
import { canonical, type Factor, factor, type Lazy, ofBuffer, reshape, shapeOf } from "./lazy.js";
import { blocksOf, nth, pick, runsOf, sizeOf } from "./lists.js";
import type { Target } from "./target.js";

/** Ends of the blocks of a row-major shape, counted from the right: `[2, 3, 4]` → 4, 12, 24. */
export function cuts(sizes: readonly number[]): number[] {
  let n = 1;
  return sizes.toReversed().map((size) => (n *= size));
}

/**
 * The ONNX value of `v` in a shape in which every run of factors with the same key is a group of whole dimensions;
 * `keys` contains the group of each dimension. Keeps the present shape if possible.
 */
export function grouped<K>(
  graph: Graph,
  v: Lazy,
  keyOf: (f: Factor) => K,
): { name: string; shape: readonly number[]; keys: K[] } {
  const runs = runsOf(v.order, (before, next) => keyOf(before) === keyOf(next));
  const sizes = runs.map((run) => sizeOf(run.map((f) => f.size)));
  const have = graph.shapeOf(v.base);
  const ends = new Set(cuts(have));
  const fits = cuts(sizes).every((end) => ends.has(end));
  const shape = fits ? have : sizes;
  // Walk both from the right: a dimension belongs to the run that contains its end.
  const keys: K[] = [];
  let run = runs.length - 1;
  let inside = 1;
  for (const size of shape.toReversed()) {
    if (run > 0 && inside === (sizes[run] ?? 1) && size > 1) {
      run--;
      inside = 1;
    }
    inside *= size;
    keys.unshift(keyOf(nth(nth(runs, run), 0)));
  }
  return { name: fits ? v.base : graph.reshape(v.base, shape), shape, keys };
}

/**
 * True for an axis of a large array that should not be innermost when it is split: its parts are better as rows of an
 * array than as columns, and that justifies a Transpose.
 */
export const isNarrow = ({ narrow, without }: Target, size: number, elements: number): boolean =>
  !without.has("narrow-axes") && size <= narrow.axis && elements >= narrow.size;

/** The first axis, and the product of all others. */
export function flattened(graph: Graph, name: string): string {
  const [first = 1, ...rest] = graph.shapeOf(name);
  return graph.like("Flatten", [name], [first, sizeOf(rest)], { axis: 1 });
}

/** The same value with its buffer in another order of factors, by a Transpose node if necessary. */
export function arrange(graph: Graph, v: Lazy, order: readonly Factor[]): Lazy {
  if (order.every((f, i) => f === v.order[i])) return v;
  const { shape, perm } = blocksTo(v, order);
  return { ...v, base: graph.transpose(graph.reshape(v.base, shape), perm), order };
}

/** The same with the buffer in an order of axes. */
export const inOrder = (graph: Graph, v: Lazy, axes: readonly number[]): Lazy =>
  canonical(arrange(graph, v, pick(v.axes, axes).flat()));

/** True if `arrange` needs no new node: the order already matches, or the Transpose exists. */
export function isArranged(graph: Graph, v: Lazy, order: readonly Factor[]): boolean {
  if (order.every((f, i) => f === v.order[i])) return true;
  const { shape, perm } = blocksTo(v, order);
  const source = graph.findReshape(v.base, shape);
  return source !== undefined && graph.find("Transpose", [source], { attributes: { perm } }) !== undefined;
}

/** The buffer as blocks of factors that stay adjacent in another order, and the order of the blocks. */
function blocksTo(v: Lazy, order: readonly Factor[]): { shape: number[]; perm: number[] } {
  const { blocks, perm } = blocksOf(v.order, order);
  return { shape: blocks.map((block) => sizeOf(block.map((f) => f.size))), perm };
}

/** Insertion index of `position` in an order: after the greatest smaller one, or in front. */
export function insertPosition(order: number[], position: number): void {
  const smaller = order.filter((p) => p < position);
  const at = smaller.length === 0 ? 0 : order.indexOf(Math.max(...smaller)) + 1;
  order.splice(at, 0, position);
}

/** The same value with the lazy factors selected by `chosen` in the buffer, by an Expand node. */
function expand(graph: Graph, v: Lazy, chosen: (f: Factor) => boolean): Lazy {
  const factors = v.axes.flat();
  const fresh = new Map<Factor, Factor>();
  for (const f of factors) if (f.lazy && chosen(f)) fresh.set(f, factor(f.size));
  if (fresh.size === 0) return v;
  const positions = v.order.map((f) => factors.indexOf(f));
  factors.forEach((f, i) => fresh.has(f) && insertPosition(positions, i));
  const order = pick(factors, positions);
  const held = order.map((f) => (f.lazy ? 1 : f.size));
  const shape = order.map((f) => f.size);
  const base = expandTo(graph, v, () => graph.reshape(v.base, held), shape);
  const replace = (f: Factor) => fresh.get(f) ?? f;
  return { ...v, base, order: order.map(replace), axes: v.axes.map((axis) => axis.map(replace)) };
}

/** `ones`, a value with axes of size 1, in a shape. ONNX leaves a 1 where the shape has a 0: see `nothing`. */
export function expandTo(graph: Graph, v: Lazy, ones: () => string, shape: readonly number[]): string {
  const type = graph.typeOf(v.base);
  if (shape.includes(0)) return graph.nothing(type, shape);
  return graph.node("Expand", [ones(), graph.ints(shape)], { type, shape });
}

/** The factors of the buffer in the order of the axes. */
const logicalOrder = (v: Lazy): Factor[] => v.axes.flat().filter((f) => !f.lazy);

/** The ONNX value with all elements in logical order and shape. */
export function dense(graph: Graph, v: Lazy): string {
  // Transpose before expanding: less to move.
  const ordered = arrange(graph, v, logicalOrder(v));
  return graph.reshape(expand(graph, ordered, () => true).base, shapeOf(v));
}

/** A reshape that materializes if the view cannot express it. */
export function reshapeOrCopy(graph: Graph, v: Lazy, shape: readonly number[]): Lazy {
  return reshape(v, shape) ?? ofBuffer(graph.reshape(dense(graph, v), shape), v.dtype, shape);
}

/**
 * The same value with each axis of `axes` as one factor of the buffer (none for axes of size 1), so that an ONNX
 * operator can work along it.
 */
export function solid(graph: Graph, v: Lazy, axes: readonly number[]): Lazy {
  const wanted = new Set(axes.flatMap((i) => v.axes[i] ?? []));
  const merged = canonical(expand(graph, v, (f) => wanted.has(f)));
  if (axes.every((i) => (merged.axes[i]?.length ?? 0) <= 1)) return merged;
  return canonical(arrange(graph, merged, logicalOrder(merged)));
}
