/**
 * Ordinary neural networks as generative models with a likelihood: a network becomes a flow, a flow with
 * parameters a model.
 *
 * @module @flowify/core
 */
import "./executor/jax-globals.js";

export { chain } from "./chain.js";
export {
  CheckpointError,
  DataError,
  DeviceError,
  DomainError,
  DownloadError,
  FlowifyError,
  MemoryError,
  MismatchError,
  NotFiniteError,
  ShapeError,
  UnsupportedOpError,
  UsageError,
} from "./errors.js";
export type { ExamplesIn } from "./examples.js";
export type { Executor } from "./executor/executor.js";
export { fastestExecutor } from "./executor/fastest-executor.js";
export { jaxExecutor, webgpuExecutor } from "./executor/jax-executor.js";
export { type FitOptions, fit } from "./fit.js";
export { bitsPerDimension, type Flow, type FlowParams, flow } from "./flow.js";
export { type FlowifyOptions, flowify, type NetworkFlow } from "./flowify.js";
export type { SampleOptions } from "./model/batch-parts.js";
export type { Evaluation } from "./model/evaluation.js";
export { FlowModel } from "./model/model.js";
export type { Scores } from "./model/scores.js";
export { applyNetwork } from "./network/apply-network.js";
export type { Network, NetworkLayer, OrdinaryNetwork } from "./network/network.js";
export { HostArray } from "./params/host-array.js";
export { decodeSafetensors, encodeSafetensors } from "./params/safetensors.js";
export { couplingFlow, denseFlow, splineFlow } from "./presets.js";
export type { TrainOptions } from "./train/options.js";
export type { BatchSource, DataIn } from "./train/source.js";
export type { TrainingState } from "./train/state.js";
export { createTrainer, type StepReport, type Trainer } from "./train/trainer.js";
export { paperNames, zoo, zooNames } from "./zoo.js";
