import { DType } from "@jax-js/jax";
import { broadcastShapes } from "../align.js";
import { apply, type Context, convert, literal, type Rule, stretch, unsupported } from "../context.js";
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

export const gather: Rule = (cx, eqn, data, ...indices) => {
  const { axis, outDim } = paramsOf<IndexParams>(eqn);
  const { graph } = cx;
  const sizes = pick(shapeOf(data), axis);
  const others = [...data.axes.keys()].filter((i) => !axis.includes(i));
  const front = transpose(data, [...axis, ...others]);
  const rest = shapeOf(front).slice(axis.length);
  const shape = broadcastShapes(indices.map(shapeOf));
  // A single axis stays in place: only several are moved together.
  const single = axis.length === 1;
  const place = single ? nth(axis, 0) : 0;
  const source = dense(graph, single ? data : reshapeOrCopy(graph, front, [sizeOf(sizes), ...rest]));
  const index = dense(graph, stretch(linearIndex(cx, indices, sizes), shape));
  const have = graph.shapeOf(source);
  const out = [...have.slice(0, place), ...shape, ...have.slice(place + 1)];
  const base = graph.like("Gather", [source, index], out, { axis: place });
  // [before…, index…, after…] -> the index axes at `outDim`
  const places = shape.map((_, i) => place + i);
  const rows = [...out.keys()].filter((i) => !places.includes(i));
  return [transpose(ofBuffer(base, data.dtype, out), rows.toSpliced(outDim, 0, ...places))];
};

/**
 * Updates that may meet in one entry. ONNX Runtime's ScatterND adds them on several threads without a lock, so sums
 * lose some; its ScatterElements takes them one after another.
 */
export const scatter: Rule = (cx, eqn, updates, ...indices) => {
  const params = paramsOf<IndexParams & { op: "add" | "update"; shape: number[] }>(eqn);
  if (updates.dtype === DType.Bool) throw unsupported(eqn, "booleans cannot be scattered");
  const { graph } = cx;
  const sizes = pick(params.shape, params.axis);
  const shape = broadcastShapes(indices.map(shapeOf));
  const rest = [...params.shape.keys()].filter((i) => !params.axis.includes(i));
  const restSizes = pick(params.shape, rest);
  // updates [before…, index…, after…] -> [rest, count]: along the last axis, consecutive updates lie side by side
  const places = shape.map((_, i) => params.outDim + i);
  const others = [...updates.axes.keys()].filter((i) => !places.includes(i));
  const flat = [sizeOf(restSizes), sizeOf(shape)];
  const columns = dense(graph, reshapeOrCopy(graph, transpose(updates, [...others, ...places]), flat));
  const index = graph.reshape(dense(graph, stretch(linearIndex(cx, indices, sizes), shape)), [
    1,
    sizeOf(shape),
  ]);
  const wide = graph.like("Expand", [index, graph.ints(flat)], flat);
  const entries = [sizeOf(restSizes), sizeOf(sizes)];
  const zeros = dense(graph, literal(cx, 0, updates.dtype, entries));
  const attributes = params.op === "add" ? { axis: 1, reduction: "add" } : { axis: 1 };
  const base = graph.like("ScatterElements", [zeros, wide, columns], entries, attributes);
  const whole = reshapeOrCopy(graph, ofBuffer(base, updates.dtype, entries), [...restSizes, ...sizes]);
  return [transpose(whole, inverse([...rest, ...params.axis]))];
};
