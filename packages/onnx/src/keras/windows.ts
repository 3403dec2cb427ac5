import { activated } from "./activations.js";
import type { KerasCall, KerasRule } from "./call.js";
import type { Emitted } from "./emitter.js";
import type { Weight } from "./topology.js";

/** The attributes of windows along the axes after the channels. */
function windowsOf(call: KerasCall, kernel: readonly number[], strides: readonly number[]) {
  const padding = call.config("padding") ?? "valid";
  if (padding !== "valid" && padding !== "same")
    throw call.unsupported(`its padding is ${JSON.stringify(padding)}, expected valid or same`);
  return {
    kernel_shape: [...kernel],
    strides: call.wholes("strides", kernel.length, strides),
    auto_pad: padding === "same" ? "SAME_UPPER" : "VALID",
  };
}

const ones = (n: number): number[] => new Array<number>(n).fill(1);

/** [...space, from, out] -> [out, from, ...space], or with `depthwise` -> [from · out, 1, ...space]. */
function kernelFirst({ shape, data }: Weight, depthwise = false): Weight {
  const [from = 1, out = 1] = shape.slice(-2);
  const space = shape.slice(0, -2);
  const places = data.length / (from * out);
  const moved = new Float32Array(data.length);
  for (let p = 0; p < places; p++)
    for (let i = 0; i < from; i++)
      for (let o = 0; o < out; o++)
        moved[(depthwise ? i * out + o : o * from + i) * places + p] = data[(p * from + i) * out + o]!;
  return { shape: depthwise ? [from * out, 1, ...space] : [out, from, ...space], data: moved };
}

/** A convolution of x with channels first. */
function convolved(
  call: KerasCall,
  x: Emitted,
  { shape, data }: Weight,
  attributes: { readonly [name: string]: number | string | readonly number[] },
  { bias, name = "kernel" }: { bias: boolean; name?: string },
): Emitted {
  const inputs = [x, call.constant(name, shape, data)];
  if (bias && call.config("use_bias") !== false) {
    const added = call.weight([shape[0]], "bias");
    inputs.push(call.constant("bias", added.shape, added.data));
  }
  return call.node("Conv", inputs, attributes);
}

const conv: KerasRule = (call) => {
  const kernel = call.sizes("kernel_size", call.x.rank - 2);
  const weight = kernelFirst(call.weight([...kernel, undefined, call.size("filters")], "kernel"));
  const size = weight.shape.slice(2);
  const attributes = {
    ...windowsOf(call, size, ones(size.length)),
    dilations: call.wholes("dilation_rate", size.length, ones(size.length)),
    group: call.number("groups", 1),
  };
  return activated(
    call,
    call.withChannelsFirst((x) => convolved(call, x, weight, attributes, { bias: true })),
  );
};

/** Convolves each channel separately; a separable layer adds a 1 × 1 convolution. */
const depthwise =
  (separable: boolean): KerasRule =>
  (call) => {
    const kernel = call.sizes("kernel_size", call.x.rank - 2);
    const wanted = [...kernel, undefined, call.size("depth_multiplier")];
    const given = call.weight(wanted, "depthwise_kernel", "kernel");
    const weight = kernelFirst(given, true);
    const size = weight.shape.slice(2);
    const attributes = {
      ...windowsOf(call, size, ones(size.length)),
      dilations: call.wholes("dilation_rate", size.length, ones(size.length)),
      group: given.shape.at(-2) ?? 1,
    };
    const act = (x: Emitted): Emitted => {
      const alone = convolved(call, x, weight, attributes, { bias: !separable });
      if (!separable) return alone;
      const pointwise = [...ones(size.length), weight.shape[0], call.size("filters")];
      const mixing = kernelFirst(call.weight(pointwise, "pointwise_kernel"));
      return convolved(
        call,
        alone,
        mixing,
        { kernel_shape: ones(size.length) },
        { bias: true, name: "pointwise" },
      );
    };
    return activated(call, call.withChannelsFirst(act));
  };

const pool =
  (op: "MaxPool" | "AveragePool"): KerasRule =>
  (call) => {
    const size = call.wholes("pool_size", call.x.rank - 2, new Array<number>(call.x.rank - 2).fill(2));
    const attributes = windowsOf(call, size, size);
    return call.withChannelsFirst((x) => call.node(op, [x], attributes));
  };

const globalPool =
  (op: "GlobalMaxPool" | "GlobalAveragePool"): KerasRule =>
  (call) => {
    if (call.config("keepdims") === true) return call.withChannelsFirst((x) => call.node(op, [x]));
    const { emitter, layer, x } = call;
    const first = call.channelsAreLast ? emitter.channelsFirst(layer.name, x) : x;
    return call.node("Flatten", [call.node(op, [first])], { axis: 1 }, 2);
  };

/** Padding [[top, bottom], [left, right]], [rows, columns], or one number for all sides. */
const zeroPadding: KerasRule = (call) => {
  const axes = call.x.rank - 2;
  const given = call.config("padding") ?? 1;
  const each = Array.isArray(given) && axes > 1 ? (given as unknown[]) : new Array<unknown>(axes).fill(given);
  const sides = each.map((amount) => (Array.isArray(amount) ? amount : [amount, amount]) as unknown[]);
  if (
    sides.length !== axes ||
    !sides.flat().every(Number.isSafeInteger) ||
    sides.some(({ length }) => length !== 2)
  )
    throw call.wrong("its padding is not one number for each side");
  const [before, after] = [0, 1].map((side) => [0, 0, ...sides.map((pair) => pair[side] as number)]);
  const pads = call.constant(
    "pads",
    [2 * call.x.rank],
    BigInt64Array.from([...before!, ...after!].map(BigInt)),
  );
  return call.withChannelsFirst((x) => call.node("Pad", [x, pads]));
};

export const windowLayers: { readonly [className: string]: KerasRule } = {
  Conv1D: conv,
  Conv2D: conv,
  DepthwiseConv2D: depthwise(false),
  SeparableConv2D: depthwise(true),
  MaxPooling1D: pool("MaxPool"),
  MaxPooling2D: pool("MaxPool"),
  AveragePooling1D: pool("AveragePool"),
  AveragePooling2D: pool("AveragePool"),
  GlobalMaxPooling1D: globalPool("GlobalMaxPool"),
  GlobalMaxPooling2D: globalPool("GlobalMaxPool"),
  GlobalAveragePooling1D: globalPool("GlobalAveragePool"),
  GlobalAveragePooling2D: globalPool("GlobalAveragePool"),
  ZeroPadding1D: zeroPadding,
  ZeroPadding2D: zeroPadding,
};
