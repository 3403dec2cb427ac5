import { apply, type Context, constant, type Rule } from "../context.js";
import { paramsOf } from "../jaxpr.js";
import { reshapeOrCopy, solid } from "../layout.js";
import { broadcast, type Lazy, ofBuffer, reshape, shapeOf, transpose } from "../lazy.js";
import { inverse, nth } from "../lists.js";
import { concat } from "./concat.js";
import { contract } from "./dot.js";
import { alongAxis, pad, slice } from "./movement.js";

/** Windows along one axis: entry (o, k) of the result is entry `o · stride + k · dilation` of the axis. */
export type Window = Readonly<{ count: number; size: number; stride: number; dilation: number }>;

/** Every `step`-th entry from `start`, `count` of them. */
const strided = (cx: Context, v: Lazy, axis: number, start: number, count: number, step: number): Lazy =>
  slice(cx, v, axis, start, start + (count - 1) * step + 1, step);

/**
 * Replaces `axis` by two axes: windows, then entries of a window. Stacked pieces are stacked at the axis `front`, in
 * large blocks.
 */
export function unfold(
  cx: Context,
  v: Lazy,
  axis: number,
  { count, size, stride, dilation }: Window,
  front = axis,
): Lazy {
  const shape = shapeOf(v);
  const lead = shape.slice(0, axis);
  const rest = shape.slice(axis + 1);
  const used = (count - 1) * stride + (size - 1) * dilation + 1;
  if ((v.axes[axis] ?? []).every((f) => f.lazy)) {
    const one = { ...v, axes: v.axes.with(axis, []) };
    return broadcast(one, [...lead, count, size, ...rest], [axis]);
  }
  if (size === 1 || count === 1) {
    const line = strided(cx, v, axis, 0, Math.max(count, size), size === 1 ? stride : dilation);
    return reshapeOrCopy(cx.graph, line, [...lead, count, size, ...rest]);
  }
  if (dilation === 1 && stride === size) {
    return reshapeOrCopy(cx.graph, slice(cx, v, axis, 0, used), [...lead, count, size, ...rest]);
  }
  const bySize = size <= count;
  const pieces = bySize ? size : count;
  if (pieces > cx.graph.target.mostSlices) return gathered(cx, v, axis, { count, size, stride, dilation });
  const parts = Array.from({ length: pieces }, (_, i) => {
    const part = bySize
      ? strided(cx, v, axis, i * dilation, count, stride)
      : strided(cx, v, axis, i * stride, size, dilation);
    return { ...part, axes: part.axes.toSpliced(front, 0, []) };
  });
  const stacked = concat(cx, parts, front);
  // [.., pieces at `front`, .., entries at axis + 1, ..] -> windows and entries at axis and axis + 1
  const others = [...stacked.axes.keys()].filter((i) => i !== front && i !== axis + 1);
  return transpose(stacked, others.toSpliced(axis, 0, ...(bySize ? [axis + 1, front] : [front, axis + 1])));
}

function gathered(cx: Context, v: Lazy, axis: number, { count, size, stride, dilation }: Window): Lazy {
  const { graph } = cx;
  const index = Int32Array.from(
    { length: count * size },
    (_, i) => Math.floor(i / size) * stride + (i % size) * dilation,
  );
  const flat = alongAxis(cx, solid(graph, v, [axis]), axis, count * size, (name, dim, shape) =>
    graph.like("Gather", [name, graph.constant(index, "int32", [index.length])], shape, { axis: dim }),
  );
  const shape = shapeOf(v);
  return reshape(flat, [...shape.slice(0, axis), count, size, ...shape.slice(axis + 1)]) as Lazy;
}

/** The transpose of `unfold`, a sum: axes (axis, axis + 1) of windows and entries become one of `length`. */
function fold(
  cx: Context,
  v: Lazy,
  axis: number,
  length: number,
  { count, size, stride, dilation }: Window,
): Lazy {
  const byWindow = count <= size;
  const isContiguous = dilation === 1 && (byWindow || stride === 1);
  if (isContiguous && Math.min(count, size) <= cx.graph.target.mostSlices) {
    // Pieces that are contiguous in the result, padded to its length and added.
    const pieces = Array.from({ length: byWindow ? count : size }, (_, i) => {
      const piece = slice(cx, v, byWindow ? axis : axis + 1, i, i + 1);
      const shape = shapeOf(v).toSpliced(axis, 2, byWindow ? size : count);
      const start = byWindow ? i * stride : i;
      return pad(cx, reshapeOrCopy(cx.graph, piece, shape), axis, start, length - start - nth(shape, axis));
    });
    return pieces.reduce((a, b) => apply(cx, v.dtype === "bool" ? "Or" : "Add", [a, b], v.dtype));
  }
  const places = new Float64Array(count * size * length);
  for (let o = 0; o < count; o++) {
    for (let k = 0; k < size; k++) places[(o * size + k) * length + o * stride + k * dilation] = 1;
  }
  const shape = [count, size, length];
  // [..., o, k, ..., 1] · [o, k, 1…, length], summed over o and k.
  const rank = v.axes.length;
  const before = Array<number>(axis).fill(1);
  const after = Array<number>(rank - axis - 2).fill(1);
  const table = ofBuffer(constant(cx.graph, places, { dtype: v.dtype, shape }), v.dtype, shape);
  const matrix = reshape(table, [...before, count, size, ...after, length]) as Lazy;
  const spread = { ...v, axes: [...v.axes, []] };
  const summed = contract({ ...cx, wanted: undefined }, spread, matrix, [axis, axis + 1]);
  const perm = [...Array(rank - 2).keys()].toSpliced(axis, 0, rank - 2);
  return transpose(summed, perm);
}

type PoolParams = { window: number[]; strides: number[] };

const windowsOf = (shape: readonly number[], { window, strides }: PoolParams): Window[] =>
  window.map((size, i) => {
    const stride = nth(strides, i);
    const length = nth(shape, shape.length - window.length + i);
    return { size, stride, dilation: 1, count: Math.ceil((length - size + 1) / stride) };
  });

/** Order of axes [lead…, o₁, k₁, o₂, k₂, …] ↔ [lead…, o₁, o₂, …, k₁, k₂, …]. */
const pairedToGrouped = (lead: number, n: number): number[] => [
  ...Array(lead).keys(),
  ...Array.from({ length: n }, (_, i) => lead + 2 * i),
  ...Array.from({ length: n }, (_, i) => lead + 2 * i + 1),
];

export const pool: Rule = (cx, eqn, v) => {
  const params = paramsOf<PoolParams>(eqn);
  const n = params.window.length;
  const lead = v.axes.length - n;
  const windows = windowsOf(shapeOf(v), params);
  const cut = windows.reduce((w, window, i) => unfold(cx, w, lead + 2 * i, window, lead), v);
  return [transpose(cut, pairedToGrouped(lead, n))];
};

export const poolTranspose: Rule = (cx, eqn, v) => {
  const { inShape, ...params } = paramsOf<PoolParams & { inShape: number[] }>(eqn);
  const n = params.window.length;
  const lead = inShape.length - n;
  const paired = transpose(v, inverse(pairedToGrouped(lead, n)));
  const windows = windowsOf(inShape, params);
  return [windows.reduce((w, window, i) => fold(cx, w, lead + i, nth(inShape, lead + i), window), paired)];
};
