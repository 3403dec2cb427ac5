/**
 * For tests of layers: `checkLayer` runs every law of the contract on one. The laws and what they are made of are here
 * for those who write more; no test runner is needed.
 *
 * @module @flowify/core/testing
 */
import "../executor/jax-globals.js";

export { LawError } from "../errors.js";
export { type AnyFunction, arraysOf, call, gradient, numbersOf, readAll } from "../testing/arrays.js";
export { laws } from "../testing/laws/all.js";
export { checkLayer } from "../testing/laws/check-layer.js";
export { meanLogLikelihood } from "../testing/likelihood.js";
export { prepare } from "../testing/prepare.js";
