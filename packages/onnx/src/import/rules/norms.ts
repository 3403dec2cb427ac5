import type { OrdinaryLayer } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { Imported, ImportRule, OpCall } from "../call.js";
import type { Tensor } from "../tensor.js";
import { affine, perExample } from "./elementwise.js";

type By = Extract<OrdinaryLayer, { kind: "normalize" }>["by"];

/** An example normalized over some of its axes; places of the others are normalized each. */
function over(shape: Shape, axes: readonly number[], by: By, epsilon: number): OrdinaryLayer[] {
  const order = [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const back = [...shape.keys()].map((axis) => order.indexOf(axis));
  const count = sizeOf(axes.map((axis) => shape[axis]!));
  return [
    { kind: "transpose", order },
    { kind: "reshape", shape: [sizeOf(shape) / count, count] },
    { kind: "normalize", by, epsilon },
    { kind: "reshape", shape: order.map((axis) => shape[axis]!) },
    { kind: "transpose", order: back },
  ];
}

/** Over the axes from `axis` on (or `axes`, where a pattern found them), times a scale, plus a bias. */
const ofLastAxes =
  (by: By): ImportRule =>
  (call) => {
    const shape = call.inShape;
    const first = call.axis(call.int("axis") ?? -1);
    const axes = call.ints("axes")?.map((axis) => call.axis(axis)) ?? [...shape.keys()].slice(first);
    const factors = [1, 2]
      .map((i) => call.numbersOption(i, "factor"))
      .map((each) => each && perExample(call, each));
    return [
      ...over(
        shape,
        [...axes].sort((a, b) => a - b),
        by,
        call.float("epsilon") ?? 1e-5,
      ),
      ...(factors.some(Boolean) ? [affine(...factors)] : []),
    ];
  };

/** Squares of a length below which x is taken for zero. */
const SHORTEST = 1e-24;

/** x / |x| along an axis, which is x / √(mean x²) / √n. */
const ofLength: ImportRule = (call) => {
  const power = call.int("p") ?? 2;
  if (power !== 2) throw call.unsupported(`it divides by the norm of power ${power}; expected 2`);
  const axis = call.axis(call.int("axis") ?? -1);
  const count = call.inShape[axis]!;
  return [
    ...over(call.inShape, [axis], "rmsNorm", SHORTEST / count),
    affine(Float64Array.of(1 / Math.sqrt(count))),
  ];
};

/** Softmax, at the end left out: its input, the logits, is the output of the network. Until opset 12 it is over all later axes. */
const softmax: ImportRule = (call): Imported => {
  const axis = call.axis(call.int("axis") ?? (call.opset < 13 ? 1 : -1));
  const axes = call.opset < 13 ? [...call.inShape.keys()].slice(axis) : [axis];
  const isOne = axes.every((each) => call.inShape[each] === 1);
  return { layers: [], leftOut: isOne ? true : over(call.inShape, axes, "softmax", 0) };
};

/** A number for each of the channels. */
function perChannel(call: OpCall, i: number, what: string): Float64Array {
  const { shape, data }: Tensor = call.numbers(i, what);
  const [channels = 0] = call.channelsFirst;
  if (shape.length === 1 && shape[0] === channels) return Float64Array.from(data);
  throw call.misfit(`its ${what} is [${shape.join(", ")}], expected [${channels}]`);
}

/** Over the entries of each group of channels. */
const ofChannels =
  (groupsOf: (call: OpCall) => number): ImportRule =>
  (call) => {
    const [channels = 0] = call.channelsFirst;
    const count = groupsOf(call);
    if (count < 1 || channels % count !== 0) throw call.misfit(`has ${count} groups of ${channels} channels`);
    return [
      { kind: "reshape", shape: [count, sizeOf(call.inShape) / count] },
      { kind: "normalize", by: "layerNorm", epsilon: call.float("epsilon") ?? 1e-5 },
      { kind: "reshape", shape: call.inShape },
      affine(perChannel(call, 1, "scale"), perChannel(call, 2, "bias")),
    ];
  };

export const normRules: { readonly [op: string]: ImportRule } = {
  Softmax: softmax,
  LayerNormalization: ofLastAxes("layerNorm"),
  RMSNormalization: ofLastAxes("rmsNorm"),
  LpNormalization: ofLength,
  InstanceNormalization: ofChannels((call) => call.channelsFirst[0]!),
  GroupNormalization: ofChannels((call) => call.int("num_groups") ?? 1),
};
