import type { OrdinaryLayer, Shape } from "@flowify/core";
import type { ImportRule, OpCall } from "../call.js";
import { axesOf, wholeNumbers } from "../shapes.js";
import { entriesOf, type Tensor } from "../tensor.js";

/** One axis of windows: entries before and after the data, and how many windows there are. */
type Axis = Readonly<{
  size: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
  /** Of `after`, what rounding up added: no pooling with counted padding counts it. */
  roundedUp: number;
}>;

/** Sizes of windows along every axis of an image, as the attributes of convolutions and pools give them. */
function windowAxes(call: OpCall, kernel: readonly number[]): Axis[] {
  const sizes = call.inShape.slice(1);
  if (kernel.length !== sizes.length)
    throw call.misfit(`a kernel of ${kernel.length} axes on data [${call.first.full.join(", ")}]`);
  const option = (name: string): readonly number[] => {
    const values = call.ints(name) ?? kernel.map(() => 1);
    if (values.length !== kernel.length || values.some((n) => n < 1))
      throw call.misfit(`${name} [${values.join(", ")}] for a kernel of ${kernel.length} axes`);
    return values;
  };
  const [strides, dilations] = [option("strides"), option("dilations")];
  const pads = call.ints("pads") ?? [];
  if (pads.length > 0 && pads.length !== 2 * kernel.length)
    throw call.misfit(`${pads.length} pads for a kernel of ${kernel.length} axes`);
  const auto = call.string("auto_pad") ?? "NOTSET";
  const up = call.int("ceil_mode") === 1;
  return sizes.map((length, i) => {
    const [size, stride, dilation] = [kernel[i]!, strides[i]!, dilations[i]!];
    const reach = (size - 1) * dilation + 1;
    let [before, after] = [pads[i] ?? 0, pads[i + kernel.length] ?? 0];
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
      const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
      before = auto === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
      after = total - before;
    } else if (auto === "VALID") [before, after] = [0, 0];
    if (before < 0 || after < 0)
      throw call.unsupported("its padding is negative, which crops; no layer crops");
    if (size < 1 || length + before + after < reach)
      throw call.misfit(`a kernel that reaches ${reach} on ${length + before + after} entries`);
    const roundedUp = up ? extraAtEnd(length + before, after, reach, stride) : 0;
    return { size, stride, dilation, before, after: after + roundedUp, roundedUp };
  });
}

/** Entries that rounding the number of windows up adds; a window must begin on the data or in front of it. */
function extraAtEnd(lengthAndBefore: number, after: number, reach: number, stride: number): number {
  const steps = Math.ceil((lengthAndBefore + after - reach) / stride);
  const last = steps * stride >= lengthAndBefore ? steps - 1 : steps;
  return Math.max(0, last * stride + reach - lengthAndBefore - after);
}

/** Windows of an image [C, H, W]. */
const image = ([rows, columns]: readonly Axis[]) => ({
  kernel: [rows!.size, columns!.size] as const,
  stride: [rows!.stride, columns!.stride] as const,
  dilation: [rows!.dilation, columns!.dilation] as const,
  padding: { top: rows!.before, bottom: rows!.after, left: columns!.before, right: columns!.after },
});

/** Lines [C, L] are images of one row. */
function asImages(
  call: OpCall,
  kernel: readonly number[],
  layers: (axes: readonly Axis[]) => OrdinaryLayer,
): OrdinaryLayer[] {
  const axes = windowAxes(call, kernel);
  if (axes.length === 2) return [layers(axes)];
  if (axes.length !== 1) throw call.unsupported("it acts on volumes; layers act on lines and images");
  const none = { size: 1, stride: 1, dilation: 1, before: 0, after: 0, roundedUp: 0 };
  const [channels, length] = call.inShape as readonly [number, number];
  const [{ size, stride, dilation, before, after }] = axes as [Axis];
  const count = Math.floor((length + before + after - (size - 1) * dilation - 1) / stride) + 1;
  return [
    { kind: "reshape", shape: [channels, 1, length] },
    layers([none, ...axes]),
    { kind: "reshape", shape: [channels, count] },
  ];
}

/** The bias of a convolution, where it has one. */
export function biasOf(call: OpCall, out: number): { bias?: Tensor["data"] } {
  const bias = call.option(2, "bias");
  if (!bias) return {};
  if (bias.data.length !== out) throw call.misfit(`a bias of ${bias.data.length} for ${out} channels`);
  return { bias: bias.data };
}

const conv: ImportRule = (call) => {
  const { shape, data } = call.constant(1, "weight");
  const [out = 0, perGroup = 0, ...kernel] = shape;
  const groups = call.int("group") ?? 1;
  const channels = call.inShape[0];
  if (perGroup * groups !== channels || out % groups !== 0 || entriesOf(shape) === 0)
    throw call.misfit(`a weight [${shape.join(", ")}] in ${groups} groups for ${channels} channels`);
  const declared = call.ints("kernel_shape");
  if (declared && declared.join() !== kernel.join())
    throw call.misfit(`kernel_shape [${declared.join(", ")}] for a weight [${shape.join(", ")}]`);
  const axes = windowAxes(call, kernel);
  const weights = { weight: data, ...biasOf(call, out) };
  const grouped = groups > 1 ? { groups } : {};
  if (axes.length === 2) return [{ kind: "conv2d", out, ...image(axes), ...grouped, weights }];
  if (axes.length !== 1) throw call.unsupported("it convolves volumes; layers convolve lines and images");
  const [{ size, stride, dilation, before, after }] = axes as [Axis];
  const padding = { left: before, right: after };
  return [{ kind: "conv1d", out, kernel: size, stride, dilation, padding, ...grouped, weights }];
};

const kernelShape = (call: OpCall): readonly number[] => {
  const kernel = call.ints("kernel_shape");
  if (kernel) return kernel;
  throw call.misfit("has no kernel_shape");
};

const maxPool: ImportRule = (call) =>
  asImages(call, kernelShape(call), (axes) => ({ kind: "maxPool2d", ...image(axes) }));

const averagePool: ImportRule = (call) => {
  const countPadding = call.int("count_include_pad") === 1;
  return asImages(call, kernelShape(call), (axes) => {
    const { dilation, ...sizes } = image(axes);
    if (dilation.some((n) => n !== 1)) throw call.unsupported("it averages entries that are apart");
    if (countPadding && axes.some(({ roundedUp }) => roundedUp > 0))
      throw call.unsupported("it counts padding and rounds sizes up at once");
    return { kind: "avgPool2d", ...sizes, ...(countPadding && { countPadding }) };
  });
};

/** A pool of the whole image. */
const globalPool =
  (kind: "maxPool2d" | "avgPool2d"): ImportRule =>
  (call) => {
    const [channels = 1, ...sizes] = call.inShape;
    const { full, batched } = call.first;
    const ones = sizes.map(() => 1);
    return {
      layers: [
        { kind: "reshape", shape: [channels, 1, entriesOf(sizes)] },
        { kind, kernel: [1, entriesOf(sizes)], padding: 0 },
        { kind: "reshape", shape: [channels, ...ones] },
      ],
      shape: [...(batched ? [full[0]!] : []), channels, ...ones],
    };
  };

/** A mean over rows and columns is a pool of the whole image. */
const reduceMean: ImportRule = (call) => {
  const { full, item, batched } = call.first;
  const given = call.option(1, "axes");
  const axes = axesOf(
    call.node,
    given ? wholeNumbers(call.node, given) : (call.ints("axes") ?? []),
    full.length,
  );
  const wanted = item.map((_, i) => i).slice(1);
  if (
    !batched ||
    axes
      .map((axis) => axis - 1)
      .sort((a, b) => a - b)
      .join() !== wanted.join()
  )
    throw call.unsupported("it takes means over other axes than rows and columns; such a layer is not built");
  const kept = call.int("keepdims") !== 0;
  const channels = item[0]!;
  const result: Shape = kept ? [channels, ...wanted.map(() => 1)] : [channels];
  return {
    layers: [
      { kind: "reshape", shape: [channels, 1, entriesOf(item.slice(1))] },
      { kind: "avgPool2d", kernel: [1, entriesOf(item.slice(1))], padding: 0 },
      { kind: "reshape", shape: result },
    ],
    shape: [full[0]!, ...result],
  };
};

export const windowRules: { readonly [op: string]: ImportRule } = {
  Conv: conv,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: globalPool("maxPool2d"),
  GlobalAveragePool: globalPool("avgPool2d"),
  ReduceMean: reduceMean,
};
