/**
 * For tests of layers: `checkLayer` runs every law of the contract on one, `laws` holds them one by one. No test runner is
 * needed.
 *
 * @module @flowify/core/testing
 */
import "../executor/jax-globals.js";

export { LawError } from "../errors.js";
export { laws } from "../testing/laws/all.js";
export { checkLayer } from "../testing/laws/check-layer.js";
