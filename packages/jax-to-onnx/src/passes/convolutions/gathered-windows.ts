import type { Context } from "../../context.js";
import { type Equation, isFloat, outShape, outType, paramsOf } from "../../jaxpr.js";
import { type Lazy, shapeOf } from "../../lazy.js";
import { nth, sizeOf } from "../../lists.js";
import type { Convolution } from "../../origins.js";
import type { ConvParams } from "../../rules/conv.js";
import type { Pass } from "../pass.js";
import { tapProduct } from "./taps.js";

/**
 * A convolution of floats that is not too large for its windows. Uses a reversed kernel before its reversal: the
 * gradients of a convolution then share their windows.
 */
export function tapsOf(cx: Context, eqn: Equation, [x, w]: readonly [Lazy, Lazy]): Convolution | undefined {
  const params = paramsOf<ConvParams>(eqn);
  const out = outShape(eqn).slice(params.vmapDims + 2);
  const kernelShape = shapeOf(w).slice(params.vmapDims + 2);
  const windows = sizeOf(shapeOf(x).slice(0, 2)) * sizeOf(out) * sizeOf(kernelShape);
  const fits = windows <= cx.graph.target.convolutions.mostWindows;
  if (!isFloat(outType(eqn)) || params.vmapDims > 0 || !fits) return undefined;
  const { reversal } = cx.graph.originOf(w);
  const all = reversal?.axes.every((axis) => axis >= 2) ?? false;
  const axes = out.map((output, i) => ({
    input: nth(shapeOf(x), i + 2),
    output,
    kernel: nth(kernelShape, i),
    stride: nth(params.strides, i),
    before: nth(params.padding, i)[0],
    inputDilation: nth(params.lhsDilation, i),
    kernelDilation: nth(params.rhsDilation, i),
    reversed: all && reversal?.axes.includes(i + 2) === true,
  }));
  return { x, kernel: reversal && all ? reversal.source : w, axes };
}

/** The convolution as a product, recorded for a pointwise one after it. */
export function convolve(cx: Context, taps: Convolution): Lazy {
  const result = tapProduct(cx, taps.x, taps.kernel, taps.axes);
  cx.graph.remember(result, { convolution: taps });
  return result;
}

/**
 * ONNX Runtime's Conv reaches a third of the rate of a product on images of a few pixels, and a quarter on the gradient
 * of a weight, whose kernel is the whole image.
 */
export const gatheredWindows: Pass = {
  name: "gathered-windows",
  why: "a convolution of small images is faster as a product of gathered windows, or by minimal filtering",
  equations: {
    conv: (cx, eqn, x, w) => {
      const taps = tapsOf(cx, eqn, [x, w]);
      return taps && [convolve(cx, taps)];
    },
  },
};
