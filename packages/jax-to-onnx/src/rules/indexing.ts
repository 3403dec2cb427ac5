import { DType } from "@jax-js/jax";
import { apply, type Context, convert, elementType, literal, type Rule, unsupported } from "../context.js";
import { paramsOf, sizeOf } from "../jaxpr.js";
import { dense, reshapeOrCopy } from "../layout.js";
import { type Lazy, ofBuffer, shapeOf, transpose } from "../lazy.js";

type IndexParams = { axis: number[]; outDim: number };

/** One index into the merged axes, from an index for each of them. */
function linearIndex(cx: Context, indices: readonly Lazy[], sizes: readonly number[]): Lazy {
  const plain = { ...cx, wanted: undefined };
  return indices
    .map((index) => (index.dtype === DType.Uint32 ? convert(plain, index, DType.Int32) : index))
    .reduce((sum, index, i) => {
      const scaled = apply(plain, "Mul", [sum, literal(cx, sizes[i] as number, DType.Int32)], DType.Int32);
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

const gather: Rule = (cx, eqn, inputs) => {
  const { axis, outDim } = paramsOf<IndexParams>(eqn);
  const [data, ...indices] = inputs as [Lazy, ...Lazy[]];
  const { graph } = cx;
  const sizes = axis.map((i) => shapeOf(data)[i] as number);
  const front = transpose(data, indexedFirst(data.axes.length, axis));
  const rest = shapeOf(front).slice(axis.length);
  const shape = indexShape(indices);
  // A single axis stays in place: only several are moved together.
  const single = axis.length === 1;
  const place = single ? (axis[0] as number) : 0;
  const source = dense(graph, single ? data : reshapeOrCopy(graph, front, [sizeOf(sizes), ...rest]));
  const index = broadcastIndex(cx, linearIndex(cx, indices, sizes), shape);
  const have = graph.shapeOf(source);
  const out = [...have.slice(0, place), ...shape, ...have.slice(place + 1)];
  const type = { type: elementType(data.dtype), shape: out };
  const base = graph.node("Gather", [source, index], type, { attributes: { axis: place } });
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

const scatter: Rule = (cx, eqn, inputs) => {
  const params = paramsOf<IndexParams & { op: "add" | "update"; shape: number[]; uniqueIndices: boolean }>(
    eqn,
  );
  const [updates, ...indices] = inputs as [Lazy, ...Lazy[]];
  if (updates.dtype === DType.Bool) throw unsupported(eqn, "booleans cannot be scattered");
  const { graph } = cx;
  const sizes = params.axis.map((i) => params.shape[i] as number);
  const shape = indexShape(indices);
  const count = sizeOf(shape);
  const perm = indexedFirst(params.shape.length, params.axis);
  const rest = perm.slice(params.axis.length).map((i) => params.shape[i] as number);
  // updates [before…, index…, after…] -> [count, rest…]
  const rank = updates.axes.length;
  const places = shape.map((_, i) => params.outDim + i);
  const others = [...Array(rank).keys()].filter((i) => !places.includes(i));
  const rows = dense(
    graph,
    reshapeOrCopy(graph, transpose(updates, [...places, ...others]), [count, ...rest]),
  );
  const flat = broadcastIndex(cx, linearIndex(cx, indices, sizes), shape);
  const column = graph.reshape(flat, [count, 1]);
  const wide = graph.node("Cast", [column], { type: "int64", shape: [count, 1] }, { attributes: { to: 7 } });
  const type = { type: elementType(updates.dtype), shape: [sizeOf(sizes), ...rest] };
  const zeros = dense(graph, literal(cx, 0, updates.dtype, type.shape));
  const adds = params.op === "add" && !params.uniqueIndices;
  const attributes = adds ? { reduction: "add" } : {};
  const base = graph.node("ScatterND", [zeros, wide, rows], type, { attributes });
  const whole = reshapeOrCopy(
    graph,
    ofBuffer(base, updates.dtype, type.shape),
    perm.map((i) => params.shape[i] as number),
  );
  return [
    transpose(
      whole,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ];
};

export const indexingRules: Readonly<Record<string, Rule>> = { gather, scatter };
