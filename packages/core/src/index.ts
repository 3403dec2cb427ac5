import "./executor/jax-globals.js";

export { type Base, standardNormal, uniform } from "./base.js";
export { type ChainLayer, chain } from "./chain.js";
export type { ConditionalDensity, ConditionalDensityFactory } from "./densities/conditional.js";
export { type GaussianOptions, gaussian } from "./densities/gaussian.js";
export { type MixtureOptions, mixture } from "./densities/mixture.js";
export {
  mixtureResidual,
  normalResidual,
  type ResidualDistribution,
} from "./densities/residual.js";
export {
  CheckpointError,
  DataError,
  DeviceError,
  DomainError,
  DownloadError,
  FlowifyError,
  type FlowifyErrorCode,
  MemoryError,
  MismatchError,
  NotFiniteError,
  ShapeError,
  UnsupportedOpError,
  UsageError,
} from "./errors.js";
export type { ExampleDomain, Examples, ExamplesIn, NestedNumbers } from "./examples.js";
export {
  ArraySpec,
  type Compiled,
  type Executor,
  HostArray,
  type HostData,
  type PlacedArray,
  type RunOptions,
} from "./executor/executor.js";
export { jaxExecutor, webgpuExecutor } from "./executor/jax-executor.js";
export { expectMemoryForEach } from "./executor/memory.js";
export { bitsPerDimension, type Flow, type FlowParams, flow, type LedgerLine } from "./flow.js";
export { type DroppedModel, type FlowifyOptions, flowify } from "./flowify.js";
export {
  type CalibrationData,
  calibrationData,
  rowsOf,
} from "./init/calibration-data.js";
export { type InitOptions, initParams } from "./init/init-values.js";
export type {
  ArrayTree,
  FlowLayer,
  Forward,
  ParameterKind,
  ParameterKinds,
  Shape,
} from "./layer.js";
export { type ActnormParams, actnorm } from "./layers/actnorm.js";
export { type AffineOptions, type AffineParams, affine } from "./layers/affine.js";
export { type AvgPool2dOptions, avgPool2d } from "./layers/avg-pool2d.js";
export { type BranchesOptions, branches } from "./layers/branches.js";
export { type Conv1dOptions, conv1d } from "./layers/conv1d.js";
export { type Conv2dOptions, conv2d } from "./layers/conv2d.js";
export { type CouplingOptions, coupling } from "./layers/coupling.js";
export { type DequantizeOptions, dequantize } from "./layers/dequantize.js";
export { type KernelOptions, type KernelParams, kernel } from "./layers/kernel.js";
export { type LeakyReluOptions, leakyRelu } from "./layers/leaky-relu.js";
export { type LinearOptions, type LinearParams, linear } from "./layers/linear.js";
export type { DenseWeights } from "./layers/linear-weights.js";
export { type MarginalOptions, type MarginalParams, marginal } from "./layers/marginal.js";
export { type MaxPool2dOptions, maxPool2d } from "./layers/max-pool2d.js";
export {
  type MonotoneFunction,
  type MonotoneOptions,
  monotone,
} from "./layers/monotone.js";
export { fitAmount, type PadAmounts, type PadOptions, type PadParams, pad } from "./layers/pad.js";
export {
  type ParallelLayer,
  type ParallelOptions,
  parallel,
} from "./layers/parallel.js";
export { type PermuteChannelsOptions, permuteChannels } from "./layers/permute-channels.js";
export { type PreluOptions, type PreluParams, prelu } from "./layers/prelu.js";
export { type ClipOptions, type ClipParams, clip, relu } from "./layers/relu.js";
export {
  channelsFirst,
  flatten,
  type NoParams,
  permute,
  reshape,
  reverse,
  transpose,
} from "./layers/reshape.js";
export { type RqSplineOptions, type RqSplineParams, rqSpline } from "./layers/rq-spline.js";
export { type SplitOptions, type SplitParams, split } from "./layers/split.js";
export { squeeze, unsqueeze } from "./layers/squeeze.js";
export { type TileOptions, type TileParams, tile } from "./layers/tile.js";
export {
  type VariationalDequantizeOptions,
  variationalDequantize,
} from "./layers/variational-dequantize.js";
export { type WhitenOptions, type WhitenParams, whiten } from "./layers/whiten.js";
export { shapeKey } from "./math/keys.js";
export { makeRng, permutation, type Rng } from "./math/rng.js";
export type { AxisWindows, Windows } from "./math/windows.js";
export { auroc } from "./model/auroc.js";
export type { Evaluation, LedgerEntry } from "./model/evaluation.js";
export type { Explanation } from "./model/explain.js";
export type { BoundEstimate } from "./model/importance-bound.js";
export { FlowModel, type SampleOptions, type Scores } from "./model/model.js";
export { applyNetwork, flowShape, outShape } from "./network/apply-network.js";
export { kinds } from "./network/kinds.js";
export type { Network, NetworkLayer, OrdinaryLayer, OrdinaryNetwork } from "./network/network.js";
export { holdsNumbers, layerSchema, type Stored } from "./network/schema.js";
export {
  drawNoise,
  mapNoise,
  meanNoise,
  type NoiseDeclaration,
  type NoiseDistribution,
  type NoiseOf,
  type NoiseSpec,
  type NoiseTree,
} from "./noise.js";
export { fromHost, toHost } from "./params/host.js";
export { type Parameter, parameterList } from "./params/parameter-list.js";
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "./params/safetensors.js";
export { type LevelSetOptions, ontoLevelSet } from "./preimage/level-set.js";
export {
  type ExamplePreimages,
  type PreimageOptions,
  type Preimages,
  preimagesOf,
} from "./preimage/preimages.js";
export type { ImageAugmentation } from "./train/data.js";
export { trainingDefaults } from "./train/defaults.js";
export type { Rollback, TrainingState } from "./train/state.js";
export { DRIFT_LIMIT } from "./train/stepper.js";
export { createTrainer, type StepReport, type Trainer, type TrainOptions } from "./train/trainer.js";
export { type TrainingStep, trainingStep } from "./train/whole-step.js";
export { paperNames, zoo, zooNames } from "./zoo.js";
