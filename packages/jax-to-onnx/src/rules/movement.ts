import type { DType } from "@jax-js/jax";
import { type Context, literal, type Rule } from "../context.js";
import type { Graph } from "../graph.js";
import { outShape, paramsOf } from "../jaxpr.js";
import { arrange, flattened, grouped, isNarrow, reshapeOrCopy, solid } from "../layout.js";
import { broadcast, bufferSize, canonical, factor, type Lazy, shapeOf, transpose } from "../lazy.js";
import { nth, sumOf } from "../lists.js";

/**
 * A node that works along one axis of the buffer, which must be held as one factor (`solid`); an axis of size 1 gets a
 * separate dimension in front. `make` receives the ONNX value, the dimension and the shape of the result.
 */
export function alongAxis(
  cx: Context,
  v: Lazy,
  axis: number,
  size: number,
  make: (name: string, dim: number, shape: readonly number[]) => string,
): Lazy {
  const own = v.axes[axis]?.[0];
  const fresh = size === 1 ? [] : [factor(size)];
  if (own === undefined) {
    const name = cx.graph.reshape(v.base, [1, ...cx.graph.shapeOf(v.base)]);
    const base = make(name, 0, [size, ...cx.graph.shapeOf(v.base)]);
    return canonical({ base, dtype: v.dtype, order: [...fresh, ...v.order], axes: v.axes.with(axis, fresh) });
  }
  const { name, shape, keys } = grouped(cx.graph, v, (f) => f === own);
  // The factor may span several dimensions of the present shape.
  const first = keys.indexOf(true);
  const count = keys.lastIndexOf(true) - first + 1;
  const merged = [...shape.slice(0, first), own.size, ...shape.slice(first + count)];
  const base = make(cx.graph.reshape(name, merged), first, merged.with(first, size));
  const order = v.order.flatMap((f) => (f === own ? fresh : [f]));
  return canonical({ base, dtype: v.dtype, order, axes: v.axes.with(axis, fresh) });
}

/** Every `step`-th entry of an axis from `start` up to `end`, which is not one of them. */
export function slice(cx: Context, v: Lazy, axis: number, start: number, end: number, step = 1): Lazy {
  const count = Math.ceil((end - start) / step);
  if (start === 0 && count === nth(shapeOf(v), axis)) return v;
  // Equal entries: any of them can be used.
  if ((v.axes[axis] ?? []).every((f) => f.lazy))
    return { ...v, axes: v.axes.with(axis, count === 1 ? [] : [factor(count, true)]) };
  const { graph } = cx;
  return alongAxis(cx, solid(graph, v, [axis]), axis, count, (name, dim) =>
    graph.slice(name, dim, start, end, count === 1 ? 1 : step),
  );
}

const shrink: Rule = (cx, eqn, x) => {
  const { slice: ranges } = paramsOf<{ slice: [number, number][] }>(eqn);
  return [ranges.reduce((v, [start, end], axis) => slice(cx, v, axis, start, end), x)];
};

const split: Rule = (cx, eqn, v) => {
  const { axis, sizes } = paramsOf<{ axis: number; sizes: number[] }>(eqn);
  const starts = sizes.map((_, i) => sumOf(sizes.slice(0, i)));
  if ((v.axes[axis] ?? []).every((f) => f.lazy) || sizes.some((n) => n === 0)) {
    return sizes.map((size, i) => slice(cx, v, axis, nth(starts, i), nth(starts, i) + size));
  }
  const { graph } = cx;
  const whole = narrowInFront(graph, solid(graph, v, [axis]), axis);
  return sizes.map((size, i) =>
    alongAxis(cx, whole, axis, size, (name, dim, shape) => {
      const type = graph.typeOf(name);
      const outs = sizes.map((n) => ({ type, shape: shape.with(dim, n) }));
      const parts = graph.nodesOf("Split", [name, graph.ints(sizes)], outs, { attributes: { axis: dim } });
      return nth(parts, i);
    }),
  );
};

/**
 * Moves an axis of few innermost elements to the outermost position of the buffer: parts of [25088, 14] are runs of
 * five, for which every node takes 2 ns per number, while parts of [14, 25088] are long rows. The parts keep this order
 * for all later nodes.
 */
function narrowInFront(graph: Graph, v: Lazy, axis: number): Lazy {
  const own = v.axes[axis]?.[0];
  const isLast = own !== undefined && v.order.length > 1 && own === v.order.at(-1);
  if (!isLast || !isNarrow(graph.target, own.size, bufferSize(v))) return v;
  graph.count("narrow-axes");
  const turned = arrange(graph, v, [own, ...v.order.slice(0, -1)]);
  return { ...turned, base: flattened(graph, turned.base) };
}

/** Zeros before and after, along one axis. */
export function pad(cx: Context, v: Lazy, axis: number, before: number, after: number): Lazy {
  if (before === 0 && after === 0) return v;
  const size = nth(shapeOf(v), axis);
  return alongAxis(cx, solid(cx.graph, v, [axis]), axis, size + before + after, (name, dim) =>
    padNode(cx, name, v.dtype, { dim, before, after }),
  );
}

type Padding = Readonly<{ dim: number; before: number; after: number }>;

/**
 * A Pad node with zeros along one dimension of an ONNX value. Widths of all dimensions are named: ONNX Runtime (1.27)
 * moves transpositions past a Pad with explicit axes without permuting these axes.
 */
export function padNode(cx: Context, name: string, dtype: DType, { dim, before, after }: Padding): string {
  const { graph } = cx;
  const shape = graph.shapeOf(name);
  const none = shape.map(() => 0);
  const widths = graph.ints([...none.with(dim, before), ...none.with(dim, after)]);
  const padded = shape.with(dim, nth(shape, dim) + before + after);
  return graph.like("Pad", [name, widths, literal(cx, 0, dtype).base], padded);
}

const padding: Rule = (cx, eqn, x) => {
  const { width } = paramsOf<{ width: [number, number][] }>(eqn);
  return [width.reduce((v, [before, after], axis) => pad(cx, v, axis, before, after), x)];
};

/** Reverses axes: Slices with negative steps. */
export function flipped(cx: Context, v: Lazy, axes: readonly number[]): Lazy {
  const { graph } = cx;
  const sorted = [...axes].sort((a, b) => a - b);
  const before = graph.originOf(v).reversal;
  // Reversing it again needs no node.
  if (before?.axes.join() === sorted.join()) return before.source;
  const result = axes.reduce((w, axis) => {
    if ((w.axes[axis] ?? []).every((f) => f.lazy)) return w;
    const size = nth(shapeOf(w), axis);
    return alongAxis(cx, solid(graph, w, [axis]), axis, size, (name, dim, shape) => {
      if (!graph.target.steps) {
        const indices = graph.ints(Array.from({ length: size }, (_, i) => size - 1 - i));
        return graph.like("Gather", [name, indices], shape, { axis: dim });
      }
      // The end must be before the first element, and −1 would mean the last one.
      const inputs = [-1, -(2 ** 31), dim, -1].map((n) => graph.ints([n]));
      return graph.like("Slice", [name, ...inputs], shape);
    });
  }, v);
  if (result !== v) graph.remember(result, { reversal: { source: v, axes: sorted } });
  return result;
}

/** A transposition of a reversal is one as well. */
function transposed({ graph }: Context, v: Lazy, perm: readonly number[]): Lazy {
  const result = transpose(v, perm);
  const before = graph.originOf(v).reversal;
  if (before) {
    const axes = before.axes.map((axis) => perm.indexOf(axis)).sort((a, b) => a - b);
    graph.remember(result, { reversal: { source: transpose(before.source, perm), axes } });
  }
  return result;
}

export const movementRules: Readonly<Record<string, Rule>> = {
  transpose: (cx, eqn, v) => [transposed(cx, v, paramsOf<{ perm: number[] }>(eqn).perm)],
  broadcast: (_cx, eqn, v) => {
    const { shape, axis } = paramsOf<{ shape: number[]; axis: number[] }>(eqn);
    return [broadcast(v, shape, axis)];
  },
  reshape: (cx, eqn, v) => [reshapeOrCopy(cx.graph, v, outShape(eqn))],
  flip: (cx, eqn, v) => [flipped(cx, v, paramsOf<{ axis: number[] }>(eqn).axis)],
  shrink,
  split,
  pad: padding,
};
