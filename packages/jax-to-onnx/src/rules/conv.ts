import { DType } from "@jax-js/jax";
import type { Context, Rule } from "../context.js";
import { outShape, outType, paramsOf } from "../jaxpr.js";
import { dense, reshapeOrCopy } from "../layout.js";
import { factor, type Lazy, ofBuffer, reshape, shapeOf, transpose } from "../lazy.js";
import { leading, nth, sizeOf } from "../lists.js";
import { contract } from "./dot.js";
import { flipped, pad, slice } from "./movement.js";
import { unfold } from "./windows.js";

export type ConvParams = {
  vmapDims: number;
  strides: number[];
  padding: [number, number][];
  lhsDilation: number[];
  rhsDilation: number[];
};

/**
 * A convolution, [batches…, N, C, …spatial] with [batches…, O, C, …kernel]: Conv or ConvTranspose, or slices and a
 * product where these do not apply.
 */
export const conv: Rule = (cx, eqn, x, w) => {
  const params = paramsOf<ConvParams>(eqn);
  const dtype = outType(eqn);
  const out = outShape(eqn).slice(params.vmapDims + 2);
  const kernel = shapeOf(w).slice(params.vmapDims + 2);
  // ConvTranspose has one stride: it cannot both dilate the input and skip results.
  const strides = [params.lhsDilation, params.strides].filter((steps) => steps.some((n) => n !== 1));
  const known = kernel.length >= 1 && kernel.length <= 3 && params.vmapDims <= 1 && strides.length <= 1;
  if (dtype !== DType.Float32 || !known || sizeOf(kernel) > sizeOf(out)) {
    return [asProduct(cx, x, w, params, out)];
  }
  return [asConv(cx, x, w, params, out)];
};

/** Windows of the padded input times the kernel. */
function asProduct(cx: Context, input: Lazy, w: Lazy, params: ConvParams, out: readonly number[]): Lazy {
  const lead = params.vmapDims + 2;
  const kernel = shapeOf(w).slice(lead);
  const n = kernel.length;
  let x = padded(cx, dilated(cx, input, lead, params.lhsDilation), lead, params.padding);
  for (let i = n - 1; i >= 0; i--) {
    const window = {
      count: nth(out, i),
      size: nth(kernel, i),
      stride: nth(params.strides, i),
      dilation: nth(params.rhsDilation, i),
    };
    x = unfold(cx, x, lead + i, window, lead);
  }
  // x [batches, N, C, o₁, k₁, o₂, k₂, …] -> [batches, N, 1, o…, C, k…]; w likewise [batches, 1, O, 1…, C, k…]
  const v = params.vmapDims;
  const range = (from: number, step: number) => Array.from({ length: n }, (_, i) => from + step * i);
  const batches = [...Array(v).keys()];
  const left = transpose(x, [...batches, v, ...range(v + 2, 2), v + 1, ...range(v + 3, 2)]);
  const right = transpose(w, [...batches, v, v + 1, ...range(v + 2, 1)]);
  const leftAxes = left.axes.toSpliced(v + 1, 0, []);
  const ones = Array<never[]>(n).fill([]);
  const rightAxes = [
    ...right.axes.slice(0, v),
    [],
    ...right.axes.slice(v, v + 1),
    ...ones,
    ...right.axes.slice(v + 1),
  ];
  const summed = range(v + 2 + n, 1).concat(v + 2 + 2 * n);
  return contract(cx, { ...left, axes: leftAxes }, { ...right, axes: rightAxes }, summed);
}

/** Pads, then crops if negative: in the other order nothing may be left between. */
function padded(cx: Context, v: Lazy, lead: number, padding: readonly [number, number][]): Lazy {
  return padding.reduce((w, [before, after], i) => {
    const grown = pad(cx, w, lead + i, Math.max(0, before), Math.max(0, after));
    const size = nth(shapeOf(grown), lead + i);
    return slice(cx, grown, lead + i, Math.max(0, -before), size - Math.max(0, -after));
  }, v);
}

/** Zeros between the entries of the spatial axes. */
function dilated(cx: Context, v: Lazy, lead: number, dilation: readonly number[]): Lazy {
  return dilation.reduce((w, step, i) => {
    if (step === 1) return w;
    const axis = lead + i;
    const shape = shapeOf(w);
    const size = nth(shape, axis);
    const spread = pad(cx, reshape(w, shape.toSpliced(axis + 1, 0, 1)) as Lazy, axis + 1, 0, step - 1);
    const merged = reshapeOrCopy(cx.graph, spread, shape.with(axis, size * step));
    return slice(cx, merged, axis, 0, (size - 1) * step + 1);
  }, v);
}

/** One Conv, or one ConvTranspose where the input is dilated; a batched kernel becomes groups. */
function asConv(cx: Context, input: Lazy, weight: Lazy, params: ConvParams, out: readonly number[]): Lazy {
  const { graph } = cx;
  const v = params.vmapDims;
  const shape = [shapeOf(input), shapeOf(weight)] as [number[], number[]];
  const groups = v === 1 ? Math.max(nth(shape[0], 0), nth(shape[1], 0)) : 1;
  const [N, C] = leading(shape[0].slice(v), 2);
  const O = nth(shape[1].slice(v), 0);
  const spatial = shape[0].slice(v + 2);
  const kernel = shape[1].slice(v + 2);
  const transposed = params.lhsDilation.some((d) => d !== 1);
  const inKernel = kernel.map((_, i) => v + 2 + i);
  // ConvTranspose needs the kernel before the flip that expresses it as a convolution.
  const unflipped = transposed ? flipped(cx, weight, inKernel) : weight;
  const x = grouped(cx, input, v, groups, [N, groups * C, ...spatial], [1, 0, 2]);
  if (transposed) {
    const swap = transpose(unflipped, [...Array(v).keys(), v + 1, v, ...inKernel]);
    const w = grouped(cx, swap, v, groups, [groups * C, O, ...kernel], [0, 1, 2]);
    const result = asTransposed(cx, x, w, params, groups, [N, groups * O, ...out], spatial, kernel);
    return ungrouped(cx, result, v, groups);
  }
  const w = grouped(cx, unflipped, v, groups, [groups * O, C, ...kernel], [0, 1, 2]);
  const cut = params.padding.some((pair) => pair.some((p) => p < 0));
  const source = cut
    ? dense(graph, padded(cx, ofBuffer(x, input.dtype, graph.shapeOf(x)), 2, params.padding))
    : x;
  const base = graph.like("Conv", [source, w], [N, groups * O, ...out], {
    kernel_shape: kernel,
    strides: params.strides,
    pads: cut ? kernel.flatMap(() => [0, 0]) : padsOf(params.padding),
    dilations: params.rhsDilation,
    group: groups,
  });
  return ungrouped(cx, base, v, groups);
}

function asTransposed(
  cx: Context,
  x: string,
  w: string,
  params: ConvParams,
  groups: number,
  shape: readonly number[],
  spatial: readonly number[],
  kernel: readonly number[],
): string {
  const { graph } = cx;
  const reach = kernel.map((k, i) => (k - 1) * nth(params.rhsDilation, i));
  // ConvTranspose pads its result negatively: before = reach − padding; the rest is padded here.
  const before = params.padding.map(([p], i) => nth(reach, i) - p);
  const full = spatial.map((n, i) => (n - 1) * nth(params.lhsDilation, i) + 1 + nth(reach, i));
  const after = full.map((n, i) => n - nth(before, i) - nth(shape, 2 + i));
  // An axis of which ConvTranspose would leave nothing is cropped after it was padded.
  const crops = full.map((n, i) => {
    const [first, last] = [Math.max(0, nth(before, i)), Math.max(0, nth(after, i))];
    return n > first + last ? ([first, last] as const) : ([0, 0] as const);
  });
  const inner = crops.map(([first, last], i) => nth(full, i) - first - last);
  const base = graph.like("ConvTranspose", [x, w], [...shape.slice(0, 2), ...inner], {
    kernel_shape: kernel,
    strides: params.lhsDilation,
    pads: padsOf(crops),
    dilations: params.rhsDilation,
    group: groups,
  });
  const rest = crops.map(([first, last], i): [number, number] => [
    first - nth(before, i),
    last - nth(after, i),
  ]);
  return dense(graph, padded(cx, ofBuffer(base, DType.Float32, graph.shapeOf(base)), 2, rest));
}

/** What is added in front of each axis, then behind each. */
const padsOf = (sides: readonly (readonly [number, number])[]): number[] => [
  ...sides.map(([before]) => before),
  ...sides.map(([, after]) => after),
];

/** The ONNX value of [G, A, B, …] with G moved into the axis that `order` puts it before. */
function grouped(
  cx: Context,
  v: Lazy,
  vmapDims: number,
  groups: number,
  shape: readonly number[],
  order: readonly number[],
): string {
  if (vmapDims === 0) return dense(cx.graph, v);
  const [first = [], ...rest] = v.axes;
  const whole = { ...v, axes: [first.length === 0 && groups > 1 ? [factor(groups, true)] : first, ...rest] };
  const perm = [...order, ...Array.from({ length: v.axes.length - 3 }, (_, i) => i + 3)];
  return dense(cx.graph, reshapeOrCopy(cx.graph, transpose(whole, perm), shape));
}

/** [N, G·O, …] back to [G, N, O, …]. */
function ungrouped(cx: Context, name: string, vmapDims: number, groups: number): Lazy {
  const shape = cx.graph.shapeOf(name);
  const flat = ofBuffer(name, DType.Float32, shape);
  if (vmapDims === 0) return flat;
  const [n, channels, ...rest] = shape as [number, number, ...number[]];
  const cut = reshape(flat, [n, groups, channels / groups, ...rest]) as Lazy;
  return transpose(cut, [1, 0, 2, ...rest.map((_, i) => i + 3)]);
}
