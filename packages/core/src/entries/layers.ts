/**
 * The layers and the densities of what they drop: to build a flow by hand with `flow` and `chain`. `flowify` builds
 * the same layers from the description of a network.
 *
 * @module @flowify/core/layers
 */
import "../executor/jax-globals.js";

export { gaussian } from "../densities/gaussian.js";
export { mixture } from "../densities/mixture.js";
export { mixtureResidual, normalResidual } from "../densities/residual.js";
export { actnorm } from "../layers/actnorm.js";
export { affine } from "../layers/affine.js";
export { append } from "../layers/append.js";
export { avgPool2d } from "../layers/avg-pool2d.js";
export { branches } from "../layers/branches.js";
export { conditionalAffine } from "../layers/conditional-affine.js";
export { conditionalClasses } from "../layers/conditional-classes.js";
export { conv1d } from "../layers/conv1d.js";
export { conv2d } from "../layers/conv2d.js";
export { coupling } from "../layers/coupling.js";
export { dequantize } from "../layers/dequantize.js";
export { dequantizeColumns } from "../layers/dequantize-columns.js";
export { flowMixture } from "../layers/flow-mixture.js";
export { gaussianMixture } from "../layers/gaussian-mixture.js";
export { impute } from "../layers/impute.js";
export { kernel } from "../layers/kernel.js";
export { leakyRelu } from "../layers/leaky-relu.js";
export { linear } from "../layers/linear.js";
export { marginal } from "../layers/marginal.js";
export { maxPool2d } from "../layers/max-pool2d.js";
export { mixedRow } from "../layers/mixed-row.js";
export { monotone } from "../layers/monotone.js";
export { normalize } from "../layers/normalize.js";
export { opaque } from "../layers/opaque.js";
export { fitAmount, pad } from "../layers/pad.js";
export { parallel } from "../layers/parallel.js";
export { permuteChannels } from "../layers/permute-channels.js";
export { piecewiseLinear } from "../layers/piecewise-linear.js";
export { prelu } from "../layers/prelu.js";
export { clip, relu } from "../layers/relu.js";
export { channelsFirst, flatten, permute, reshape, reverse, transpose } from "../layers/reshape.js";
export { rqSpline } from "../layers/rq-spline.js";
export { selfGated } from "../layers/self-gated.js";
export { split } from "../layers/split.js";
export { squeeze, unsqueeze } from "../layers/squeeze.js";
export { take } from "../layers/take.js";
export { tile } from "../layers/tile.js";
export { transformer } from "../layers/transformer.js";
export { valueClasses } from "../layers/value-classes.js";
export { valueTree } from "../layers/value-tree.js";
export { variationalDequantize } from "../layers/variational-dequantize.js";
export { whiten } from "../layers/whiten.js";
