/**
 * What authors of layers need: the contract, the bases, the noises, calibration data, parameters and their initial values,
 * stable numerics, host arrays.
 *
 * @module @flowify/core/layer
 */
import "../executor/jax-globals.js";

export { type Base, standardNormal, uniform } from "../base.js";
export type { ChainLayer } from "../chain.js";
export { type CalibrationData, rowsOf } from "../init/calibration-data.js";
export { columnMoments } from "../init/moments.js";
export { type ArrayTree, defineLayer, type FlowLayer, type NoParams } from "../layer.js";
export { log } from "../math/log.js";
export {
  logSumExp,
  perExample,
  softplus,
  standardNormalLogDensity,
  sumExamples,
} from "../math/numerics.js";
export { makeRng, type Rng } from "../math/rng.js";
export {
  drawNoise,
  mapNoise,
  meanNoise,
  type NoiseDeclaration,
  type NoiseDistribution,
  type NoiseOf,
  type NoiseSpec,
  type NoiseTree,
} from "../noise.js";
export { floats, fromHost, toHost } from "../params/host.js";
export { parameterList } from "../params/parameter-list.js";
export { type Shape, sizeOf } from "../shape.js";
export type { Step, StepNetwork } from "../steps.js";
export { initParams } from "../train/init-params.js";
