import type { OrdinaryLayer } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { ImportRule, OpCall } from "../call.js";
import { MOST_ENTRIES } from "../data.js";
import type { Tensor } from "../tensor.js";
import { axisByAxis, mapAlong } from "./along.js";

/** One axis of windows: entries before and after the data, and how many windows there are. */
type Axis = Readonly<{
  size: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
  /** The part of `after` added by rounding up, which pooling with counted padding does not count. */
  roundedUp: number;
}>;

/** The largest size of a window, stride, dilation or padding, as in network files. */
const MOST = 65_536;

/** `count` whole numbers of an attribute, each at least `least`; `otherwise` if the attribute is missing. */
export function sizesOf(
  call: OpCall,
  name: string,
  count: number,
  { least, otherwise = least }: Readonly<{ least: number; otherwise?: number }>,
): readonly number[] {
  const values = call.ints(name) ?? new Array<number>(count).fill(otherwise);
  if (values.length === count && values.every((n) => n >= least && n <= MOST)) return values;
  throw call.misfit(`${name} [${values.join(", ")}], expected ${count} numbers from ${least} to ${MOST}`);
}

const AUTO_PADS = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"] as const;
type AutoPad = (typeof AUTO_PADS)[number];

/** Methods of the attribute `auto_pad` for the padding; older files also have it without `pads`. */
export function autoPadOf(call: OpCall): AutoPad {
  const wanted = call.string("auto_pad") ?? "NOTSET";
  const known = AUTO_PADS.find((each) => each === wanted);
  if (known === undefined)
    throw call.unsupported(
      `its auto_pad is ${JSON.stringify(wanted)}, expected one of ${AUTO_PADS.join(", ")}`,
    );
  if (known !== "NOTSET" && call.ints("pads")?.some((n) => n !== 0))
    throw call.misfit(`has both auto_pad ${known} and pads [${call.ints("pads")?.join(", ")}]`);
  return known;
}

/** @throws ShapeError if a padded image has more numbers than allowed for an example */
export function expectRoom(call: OpCall, shape: Shape): void {
  if (sizeOf(shape) > MOST_ENTRIES)
    throw call.misfit(
      `pads an example to [${shape.join(", ")}], ${sizeOf(shape)} numbers, more than ${MOST_ENTRIES}`,
    );
}

/** Sizes of windows along every axis of an image, from the attributes of convolutions and pools. */
function windowAxes(call: OpCall, kernel: readonly number[]): Axis[] {
  const [channels = 1, ...sizes] = call.channelsFirst;
  if (kernel.length !== sizes.length)
    throw call.misfit(`a kernel of ${kernel.length} axes on data [${call.first.full.join(", ")}]`);
  if (kernel.some((n) => n < 1 || n > MOST))
    throw call.misfit(`a kernel of [${kernel.join(", ")}], expected sizes from 1 to ${MOST}`);
  const strides = sizesOf(call, "strides", kernel.length, { least: 1 });
  const dilations = sizesOf(call, "dilations", kernel.length, { least: 1 });
  if (call.ints("pads")?.some((n) => n < 0))
    throw call.unsupported("its padding is negative, which crops; no layer crops");
  const pads = sizesOf(call, "pads", 2 * kernel.length, { least: 0 });
  const auto = autoPadOf(call);
  const up = call.flag("ceil_mode") === true;
  const axes = sizes.map((length, i) => {
    const [size, stride] = [kernel[i]!, strides[i]!];
    const dilation = size === 1 ? 1 : dilations[i]!;
    const reach = (size - 1) * dilation + 1;
    let [before, after] = [pads[i] ?? 0, pads[i + kernel.length] ?? 0];
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
      const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
      before = auto === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
      after = total - before;
    }
    if (length + before + after < reach)
      throw call.misfit(`a kernel over ${reach} entries on ${length + before + after} entries`);
    const roundedUp = up ? extraAtEnd(length + before, after, reach, stride) : 0;
    return { size, stride, dilation, before, after: after + roundedUp, roundedUp };
  });
  expectRoom(call, [channels, ...axes.map(({ before, after }, i) => sizes[i]! + before + after)]);
  return axes;
}

/** Entries added by rounding up the number of windows; a window must begin on the data or before it. */
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
  if (axes.length !== 1) throw call.unsupported("it acts on volumes, expected lines or images");
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

/** The bias of a convolution, if it has one. */
export function biasOf(call: OpCall, out: number): { bias?: Tensor["data"] } {
  const bias = call.numbersOption(2, "bias");
  if (!bias) return {};
  if (bias.shape.length !== 1 || bias.shape[0] !== out)
    throw call.misfit(`a bias [${bias.shape.join(", ")}] for ${out} channels, expected [${out}]`);
  return { bias: bias.data };
}

const conv: ImportRule = (call) => {
  const { shape, data } = call.numbers(1, "weight");
  const [out = 0, perGroup = 0, ...kernel] = shape;
  const groups = call.int("group") ?? 1;
  const [channels] = call.channelsFirst;
  if (groups < 1 || perGroup * groups !== channels || out % groups !== 0 || sizeOf(shape) === 0)
    throw call.misfit(`a weight [${shape.join(", ")}] in ${groups} groups for ${channels} channels`);
  const declared = call.ints("kernel_shape");
  if (declared && declared.join() !== kernel.join())
    throw call.misfit(`kernel_shape [${declared.join(", ")}] for a weight [${shape.join(", ")}]`);
  const axes = windowAxes(call, kernel);
  const weights = { weight: data, ...biasOf(call, out) };
  const grouped = groups > 1 ? { groups } : {};
  if (axes.length === 2) return [{ kind: "conv2d", out, ...image(axes), ...grouped, weights }];
  if (axes.length !== 1) throw call.unsupported("it convolves volumes, expected lines or images");
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

/** Pools that one layer of images covers; others are a linear map of one axis after the other. */
const averagePool: ImportRule = (call) => {
  const countPadding = call.flag("count_include_pad") === true;
  const axes = windowAxes(call, kernelShape(call));
  const isUsual = ({ dilation, roundedUp }: Axis): boolean =>
    dilation === 1 && !(countPadding && roundedUp > 0);
  if (axes.length <= 2 && axes.every(isUsual))
    return asImages(call, kernelShape(call), (each) => {
      const { dilation: _, ...sizes } = image(each);
      return { kind: "avgPool2d", ...sizes, ...(countPadding && { countPadding }) };
    });
  const changes = axes.map((windows, i) => ({ axis: i + 1, windows }));
  const { layers, shape } = axisByAxis(call.inShape, changes, (current, { axis, windows }) => {
    const rows = meansOf(windows, current[axis]!, countPadding);
    if (!rows.flat().every(Number.isFinite)) throw call.misfit("averages a window of padding alone");
    return [rows.length, mapAlong(current, axis, rows)];
  });
  return { layers, shape: [call.first.full[0]!, ...shape] };
};

/** Weights of the entries of an axis in each window. */
function meansOf(windows: Axis, length: number, countPadding: boolean): number[][] {
  const { size, stride, dilation, before, after, roundedUp } = windows;
  const count = Math.floor((length + before + after - (size - 1) * dilation - 1) / stride) + 1;
  const places = Array.from({ length: size }, (_, k) => k * dilation - before);
  const end = length + after - roundedUp;
  return Array.from({ length: count }, (_, i) => {
    const own = places.map((place) => place + i * stride);
    const counted = own.filter((at) => (countPadding ? at < end : at >= 0 && at < length)).length;
    const row = new Array<number>(length).fill(0);
    for (const at of own) if (at >= 0 && at < length) row[at]! += 1 / counted;
    return counted === 0 ? row.fill(Number.NaN) : row;
  });
}

/** A pool of the whole image. */
const globalPool =
  (kind: "maxPool2d" | "avgPool2d"): ImportRule =>
  (call) => {
    const [channels = 1, ...sizes] = call.channelsFirst;
    const { full } = call.first;
    if (sizes.length === 0) throw call.misfit(`data [${full.join(", ")}] have no axes to pool`);
    const ones = sizes.map(() => 1);
    return {
      layers: [
        { kind: "reshape", shape: [channels, 1, sizeOf(sizes)] },
        { kind, kernel: [1, sizeOf(sizes)], padding: 0 },
        { kind: "reshape", shape: [channels, ...ones] },
      ],
      shape: [full[0]!, channels, ...ones],
    };
  };

export const windowRules: { readonly [op: string]: ImportRule } = {
  Conv: conv,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: globalPool("maxPool2d"),
  GlobalAveragePool: globalPool("avgPool2d"),
};
