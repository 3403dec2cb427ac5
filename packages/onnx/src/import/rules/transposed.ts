import type { OrdinaryLayer } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import type { ImportRule } from "../call.js";
import type { Tensor } from "../tensor.js";
import { autoPadOf, biasOf, expectRoom, sizesOf } from "./windows.js";

/** Zeros between and around the entries, then a convolution with the mirrored kernel. */
const convTranspose: ImportRule = (call) => {
  const { shape, data } = call.numbers(1, "weight");
  const [channels, height, width] = call.channelsFirst as readonly [number, number, number];
  const groups = call.int("group") ?? 1;
  const [inChannels = 0, perGroup = 0, kh = 0, kw = 0] = shape;
  if (shape.length !== 4 || call.inShape.length !== 3)
    throw call.unsupported("expected a transposed convolution of images");
  if (groups < 1 || inChannels !== channels || inChannels % groups !== 0 || sizeOf(shape) === 0)
    throw call.misfit(`a weight [${shape.join(", ")}] for ${channels} channels`);
  const declared = call.ints("kernel_shape");
  if (declared && declared.join() !== [kh, kw].join())
    throw call.misfit(`kernel_shape [${declared.join(", ")}] for a weight [${shape.join(", ")}]`);
  const auto = autoPadOf(call);
  if (call.ints("output_shape") || auto.startsWith("SAME"))
    throw call.unsupported("it sets the size of the result; export the file with pads");
  const [sh = 1, sw = 1] = sizesOf(call, "strides", 2, { least: 1 });
  const [dh = 1, dw = 1] = sizesOf(call, "dilations", 2, { least: 1 });
  const [top = 0, left = 0, bottom = 0, right = 0] = sizesOf(call, "pads", 4, { least: 0 });
  const [moreRows = 0, moreColumns = 0] = sizesOf(call, "output_padding", 2, { least: 0 });
  if (moreRows >= Math.max(sh, dh) || moreColumns >= Math.max(sw, dw))
    throw call.misfit(
      `output_padding [${moreRows}, ${moreColumns}], expected less than the strides [${sh}, ${sw}] or dilations [${dh}, ${dw}]`,
    );
  const padding = {
    top: (kh - 1) * dh - top,
    bottom: (kh - 1) * dh - bottom + moreRows - (sh - 1),
    left: (kw - 1) * dw - left,
    right: (kw - 1) * dw - right + moreColumns - (sw - 1),
  };
  if (Object.values(padding).some((n) => n < 0))
    throw call.unsupported("it crops its result; no layer crops");
  expectRoom(call, [
    channels,
    height * sh + padding.top + padding.bottom,
    width * sw + padding.left + padding.right,
  ]);
  const out = perGroup * groups;
  const weights = { weight: mirrored(data, [inChannels, perGroup, kh, kw], groups), ...biasOf(call, out) };
  const grouped = groups > 1 ? { groups } : {};
  return [
    ...spread([channels, height, width], sh, sw),
    { kind: "conv2d", out, kernel: [kh, kw], dilation: [dh, dw], padding, ...grouped, weights },
  ];
};

/** [C, H, W] ↦ [C, H·sh, W·sw]: zeros after every entry and below every row. */
function spread([channels, height, width]: readonly [number, number, number], sh: number, sw: number) {
  const wide = width * sw;
  const layers: OrdinaryLayer[] = [];
  const behind = (shape: readonly [number, number], zeros: number): void => {
    if (zeros > 0) layers.push({ kind: "reshape", shape: [1, ...shape] }, { kind: "pad", right: zeros });
  };
  behind([channels * height * width, 1], sw - 1);
  behind([channels * height, wide], (sh - 1) * wide);
  if (layers.length > 0) layers.push({ kind: "reshape", shape: [channels, height * sh, wide] });
  return layers;
}

/** [in, out / groups, kh, kw] with both kernel axes reversed -> [out, in / groups, kh, kw] */
function mirrored(
  data: Tensor["data"],
  [inChannels, perGroup, kh, kw]: readonly [number, number, number, number],
  groups: number,
): Tensor["data"] {
  const result = data.slice();
  const ins = inChannels / groups;
  const area = kh * kw;
  for (let group = 0, to = 0; group < groups; group++)
    for (let m = 0; m < perGroup; m++)
      for (let c = 0; c < ins; c++)
        for (let k = area - 1; k >= 0; k--)
          result[to++] = data[((group * ins + c) * perGroup + m) * area + k]!;
  return result;
}

export const transposedRules: { readonly [op: string]: ImportRule } = { ConvTranspose: convTranspose };
