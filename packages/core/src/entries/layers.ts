/**
 * The layers and the densities of what they drop: to build a flow by hand with `flow` and `chain`. `flowify` builds
 * the same layers from the description of a network.
 *
 * @module @flowify/core/layers
 */
import "../executor/jax-globals.js";

export type { ConditionalDensity, ConditionalDensityFactory } from "../densities/conditional.js";
export { type GaussianOptions, gaussian } from "../densities/gaussian.js";
export { type MixtureOptions, mixture } from "../densities/mixture.js";
export { mixtureResidual, normalResidual, type ResidualDistribution } from "../densities/residual.js";
export type { DroppedModel } from "../flowify.js";
export { type ActnormParams, actnorm } from "../layers/actnorm.js";
export { type AffineOptions, type AffineParams, affine } from "../layers/affine.js";
export { type AvgPool2dOptions, avgPool2d } from "../layers/avg-pool2d.js";
export { type BranchesOptions, branches } from "../layers/branches.js";
export { type ConditionalAffineOptions, conditionalAffine } from "../layers/conditional-affine.js";
export { type Conv1dOptions, conv1d } from "../layers/conv1d.js";
export { type Conv2dOptions, conv2d } from "../layers/conv2d.js";
export { type CouplingOptions, coupling } from "../layers/coupling.js";
export { type DequantizeOptions, dequantize } from "../layers/dequantize.js";
export {
  type DequantizeColumnsOptions,
  type DequantizeColumnsParams,
  dequantizeColumns,
} from "../layers/dequantize-columns.js";
export { type FlowMixtureOptions, type FlowMixtureParams, flowMixture } from "../layers/flow-mixture.js";
export {
  type GaussianMixtureOptions,
  type GaussianMixtureParams,
  gaussianMixture,
} from "../layers/gaussian-mixture.js";
export { type KernelOptions, type KernelParams, kernel } from "../layers/kernel.js";
export { type LeakyReluOptions, leakyRelu } from "../layers/leaky-relu.js";
export { type LinearOptions, linear } from "../layers/linear.js";
export type { LinearParams } from "../layers/linear-init.js";
export type { DenseWeights } from "../layers/linear-weights.js";
export { type MarginalOptions, type MarginalParams, marginal } from "../layers/marginal.js";
export { type MaxPool2dOptions, maxPool2d } from "../layers/max-pool2d.js";
export { type MonotoneFunction, type MonotoneOptions, monotone } from "../layers/monotone.js";
export { fitAmount, type PadAmounts, type PadOptions, type PadParams, pad } from "../layers/pad.js";
export { type ParallelLayer, type ParallelOptions, parallel } from "../layers/parallel.js";
export { type PermuteChannelsOptions, permuteChannels } from "../layers/permute-channels.js";
export { type PreluOptions, type PreluParams, prelu } from "../layers/prelu.js";
export { type ClipOptions, type ClipParams, clip, relu } from "../layers/relu.js";
export { channelsFirst, flatten, permute, reshape, reverse, transpose } from "../layers/reshape.js";
export { type RqSplineOptions, type RqSplineParams, rqSpline } from "../layers/rq-spline.js";
export { type SplitOptions, type SplitParams, split } from "../layers/split.js";
export { squeeze, unsqueeze } from "../layers/squeeze.js";
export { type TileOptions, type TileParams, tile } from "../layers/tile.js";
export { type ValueTreeOptions, type ValueTreeParams, valueTree } from "../layers/value-tree.js";
export {
  type VariationalDequantizeOptions,
  variationalDequantize,
} from "../layers/variational-dequantize.js";
export { type WhitenOptions, type WhitenParams, whiten } from "../layers/whiten.js";
export type { AxisWindows, Windows } from "../math/windows.js";
