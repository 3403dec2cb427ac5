import { sizeOf } from "@flowify/core/layer";
import { activated, clipped } from "./activations.js";
import type { KerasCall, KerasRule } from "./call.js";
import { batchNormalization, normalization } from "./normalization.js";
import { windowLayers } from "./windows.js";

const same: KerasRule = ({ x }) => x;

const dense: KerasRule = (call) => {
  const { x } = call;
  const { shape, data } = call.weight([undefined, call.size("units")], "kernel");
  const kernel = call.constant("kernel", shape, data);
  if (call.config("use_bias") === false) return activated(call, call.node("MatMul", [x, kernel]));
  const bias = call.weight([shape[1]], "bias");
  const added = call.constant("bias", bias.shape, bias.data);
  const sum =
    x.rank === 2
      ? call.node("Gemm", [x, kernel, added])
      : call.node("Add", [call.node("MatMul", [x, kernel]), added]);
  return activated(call, sum);
};

/** Keras always flattens images with their channels last. */
const flatten: KerasRule = (call) => {
  const { x, emitter, layer } = call;
  const last =
    call.config("data_format") === "channels_first" && x.rank > 2 ? emitter.channelsLast(layer.name, x) : x;
  return call.node("Flatten", [last], { axis: 1 }, 2);
};

const reshape: KerasRule = (call) => {
  const target = call.config("target_shape");
  if (!Array.isArray(target)) throw call.wrong("target_shape is not a list");
  const sizes = target.map((size: unknown) => size ?? -1); // TensorFlow.js writes null for the inferred size
  if (!sizes.every(Number.isSafeInteger)) throw call.wrong("target_shape is not a list of whole numbers");
  const shape = call.constant(
    "shape",
    [sizes.length + 1],
    BigInt64Array.from([0, ...(sizes as number[])], BigInt),
  );
  return call.node("Reshape", [call.x, shape], {}, sizes.length + 1);
};

const permute: KerasRule = (call) =>
  call.node("Transpose", [call.x], { perm: [0, ...call.wholes("dims", call.x.rank - 1)] });

/** max(x, 0), with a largest value or a slope below 0. */
const relu: KerasRule = (call) => {
  const slope = call.number("negative_slope", 0);
  const largest = call.config("max_value");
  if (call.number("threshold", 0) !== 0 || (slope !== 0 && largest !== undefined))
    throw call.unsupported("it has a threshold, or both a slope and a largest value");
  if (largest !== undefined) return clipped(call, call.x, 0, call.number("max_value", 0));
  return slope === 0
    ? call.node("Relu", [call.x])
    : call.node("LeakyRelu", [call.x], { alpha: { float: slope } });
};

const leakyRelu: KerasRule = (call) => {
  const alpha = call.number("negative_slope", call.number("alpha", 0.3));
  return call.node("LeakyRelu", [call.x], { alpha: { float: alpha } });
};

/** One slope per entry of `alpha`; axes of size 1 are broadcast. */
const prelu: KerasRule = (call) => {
  const { shape, data } = call.weight(new Array(call.x.rank - 1).fill(undefined), "alpha");
  if (sizeOf(shape) !== (shape.at(-1) ?? 1))
    throw call.unsupported("its slopes differ within a channel; expected one slope per channel");
  const ones = new Array<number>(call.x.rank - 2).fill(1);
  const slope = call.constant("alpha", [data.length, ...ones], data);
  const { emitter, layer, x } = call;
  if (x.rank === 2) return call.node("PRelu", [x, slope]);
  return emitter.channelsLast(layer.name, call.node("PRelu", [emitter.channelsFirst(layer.name, x), slope]));
};

const elu: KerasRule = (call) => call.node("Elu", [call.x], { alpha: { float: call.number("alpha", 1) } });

const softmax: KerasRule = (call) => call.node("Softmax", [call.x], { axis: call.number("axis", -1) });

/** scale · x + offset */
const rescaling: KerasRule = (call) => {
  const [scale, offset] = (["scale", "offset"] as const).map((name, i) =>
    call.constant(name, [], Float32Array.of(call.number(name, 1 - i))),
  );
  return call.node("Add", [call.node("Mul", [call.x, scale!]), offset!]);
};

const joined =
  (
    op: string,
    attributes: (call: KerasCall, rank: number) => { readonly [name: string]: number },
  ): KerasRule =>
  (call) => {
    const [first] = call.inputs;
    if (!first || call.inputs.length < 2)
      throw call.wrong(`takes ${call.inputs.length} inputs, expected at least two`);
    return call.node(op, call.inputs, attributes(call, first.rank));
  };

const concatenate = joined("Concat", (call, rank) => {
  const axis = call.number("axis", -1);
  return { axis: axis < 0 ? rank + axis : axis };
});

/** One rule per class of layer. Dropout, noise and random changes of images act in training alone: they are ignored. */
export const kerasLayers: { readonly [className: string]: KerasRule } = {
  Dense: dense,
  ...windowLayers,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  BatchNormalization: batchNormalization,
  Activation: (call) => activated(call, call.x),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  ELU: elu,
  Softmax: softmax,
  Rescaling: rescaling,
  Normalization: normalization,
  Add: joined("Sum", () => ({})),
  Subtract: joined("Sub", () => ({})),
  Concatenate: concatenate,
  Dropout: same,
  SpatialDropout1D: same,
  SpatialDropout2D: same,
  AlphaDropout: same,
  GaussianDropout: same,
  GaussianNoise: same,
  ActivityRegularization: same,
  RandomFlip: same,
  RandomRotation: same,
  RandomTranslation: same,
  RandomZoom: same,
  RandomContrast: same,
  RandomBrightness: same,
};
