/**
 * Shared by the packages of this repository alone: no promise is made about these names.
 *
 * @module @flowify/core/internal
 */
import "../executor/jax-globals.js";
import * as optionSchemas from "../options.js";

export { conditionSchemas } from "../condition.js";
export type { Examples } from "../examples.js";
export { ArraySpec, type Compiled, type PlacedArray } from "../executor/executor.js";
export { expectMemoryForEach } from "../executor/memory.js";
export { imageEnd } from "../image-end.js";
export { imageFront } from "../image-front.js";
export { dependenceGraph } from "../init/dependence-graph.js";
export { fitMixture } from "../init/fit-mixture.js";
export { heaping } from "../init/heaping.js";
export { ridge } from "../init/ridge.js";
export { stackedWeights } from "../init/stacked-weights.js";
export { joined } from "../lists.js";
export { type Likelihood, weakest } from "../mass.js";
export { normalCdf, normalQuantile } from "../math/normal.js";
export { permutation } from "../math/rng.js";
export type { LedgerEntry } from "../model/evaluation.js";
export { fittedEnd } from "../model/fit-end.js";
export { didYouMean } from "../near-name.js";
export { NO_ROW } from "../nested-numbers.js";
export { flowShape, outShape } from "../network/apply-network.js";
export type { OrdinaryLayer } from "../network/network.js";
export { holdsNumbers, kinds, layerSchema, type Stored } from "../network/schema.js";
export { loadOptional } from "../on-demand.js";
export { checkOptions } from "../options.js";
export type { HostData } from "../params/host-array.js";
export { treeLeaves, treeMap } from "../params/pytree.js";
export { preimagesOf } from "../preimage/preimages.js";
export { couplingNetwork, denseNetwork, splineNetwork } from "../presets.js";
export { fittedAgain } from "../train/init-params.js";
export { keepBest, type Measured, measuring, type Validation } from "../train/keep-best.js";
export { trainingDefaults } from "../train/options.js";
export { type Hook, runSteps, yieldToEvents } from "../train/run-steps.js";
export { optionSchemas };
