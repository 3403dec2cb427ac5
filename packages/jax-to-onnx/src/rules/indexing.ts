import { DType } from "@jax-js/jax";
import { apply, type Context, convert, literal, type Rule, unsupported } from "../context.js";
import { paramsOf } from "../jaxpr.js";
import { dense, reshapeOrCopy } from "../layout.js";
import { type Lazy, ofBuffer, shapeOf, transpose } from "../lazy.js";
import { inverse, nth, pick, sizeOf } from "../lists.js";

type IndexParams = { axis: number[]; outDim: number };

/** One index into the merged axes, from an index for each of them. */
function linearIndex(cx: Context, indices: readonly Lazy[], sizes: readonly number[]): Lazy {
  const plain = { ...cx, wanted: undefined };
  return indices
    .map((index) => (index.dtype === DType.Uint32 ? convert(plain, index, DType.Int32) : index))
    .reduce((sum, index, i) => {
      const scaled = apply(plain, "Mul", [sum, literal(cx, nth(sizes, i), DType.Int32)], DType.Int32);
      return apply(plain, "Add", [scaled, index], DType.Int32);
    });
}

const indexShape = (indices: readonly Lazy[]): number[] => {
  const shapes = indices.map(shapeOf);
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[shape.length - rank + i] ?? 1)),
  );
};

/** The order of axes that puts the indexed ones first. */
const indexedFirst = (rank: number, axis: readonly number[]): number[] => [
  ...axis,
  ...[...Array(rank).keys()].filter((i) => !axis.includes(i)),
];

const gather: Rule = (cx, eqn, data, ...indices) => {
  const { axis, outDim } = paramsOf<IndexParams>(eqn);
  const { graph } = cx;
  const sizes = pick(shapeOf(data), axis);
  const front = transpose(data, indexedFirst(data.axes.length, axis));
  const rest = shapeOf(front).slice(axis.length);
  const shape = indexShape(indices);
  // A single axis stays in place: only several are moved together.
  const single = axis.length === 1;
  const place = single ? nth(axis, 0) : 0;
  const source = dense(graph, single ? data : reshapeOrCopy(graph, front, [sizeOf(sizes), ...rest]));
  const index = broadcastIndex(cx, linearIndex(cx, indices, sizes), shape);
  const have = graph.shapeOf(source);
  const out = [...have.slice(0, place), ...shape, ...have.slice(place + 1)];
  const base = graph.like("Gather", [source, index], out, { axis: place });
  // [before…, index…, after…] -> the index axes at `outDim`
  const places = shape.map((_, i) => place + i);
  const others = [...out.keys()].filter((i) => !places.includes(i));
  return [transpose(ofBuffer(base, data.dtype, out), others.toSpliced(outDim, 0, ...places))];
};

function broadcastIndex(cx: Context, index: Lazy, shape: readonly number[]): string {
  const have = shapeOf(index);
  const axes = shape.map((n, i) => {
    const axis = index.axes[i - shape.length + have.length] ?? [];
    return axis.length === 0 && n !== 1 ? [{ size: n, lazy: true }] : axis;
  });
  return dense(cx.graph, { ...index, axes });
}

/**
 * Updates that may meet in one entry. ONNX Runtime's ScatterND adds them on several threads without a lock, so sums
 * lose some; its ScatterElements takes them one after another.
 */
const scatter: Rule = (cx, eqn, updates, ...indices) => {
  const params = paramsOf<IndexParams & { op: "add" | "update"; shape: number[] }>(eqn);
  if (updates.dtype === DType.Bool) throw unsupported(eqn, "booleans cannot be scattered");
  const { graph } = cx;
  const sizes = pick(params.shape, params.axis);
  const shape = indexShape(indices);
  const rest = [...params.shape.keys()].filter((i) => !params.axis.includes(i));
  const restSizes = pick(params.shape, rest);
  // updates [before…, index…, after…] -> [rest, count]: along the last axis, consecutive updates lie side by side
  const places = shape.map((_, i) => params.outDim + i);
  const others = [...updates.axes.keys()].filter((i) => !places.includes(i));
  const flat = [sizeOf(restSizes), sizeOf(shape)];
  const columns = dense(graph, reshapeOrCopy(graph, transpose(updates, [...others, ...places]), flat));
  const index = graph.reshape(broadcastIndex(cx, linearIndex(cx, indices, sizes), shape), [1, sizeOf(shape)]);
  const wide = graph.like("Expand", [index, graph.ints(flat)], flat);
  const entries = [sizeOf(restSizes), sizeOf(sizes)];
  const zeros = dense(graph, literal(cx, 0, updates.dtype, entries));
  const attributes = params.op === "add" ? { axis: 1, reduction: "add" } : { axis: 1 };
  const base = graph.like("ScatterElements", [zeros, wide, columns], entries, attributes);
  const whole = reshapeOrCopy(graph, ofBuffer(base, updates.dtype, entries), [...restSizes, ...sizes]);
  return [transpose(whole, inverse([...rest, ...params.axis]))];
};

export const indexingRules: Readonly<Record<string, Rule>> = { gather, scatter };
