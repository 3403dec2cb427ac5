/**
 * Regression with uncertainty: the whole distribution of a value given others.
 *
 * `regression` trains, `predict` of its result returns a `Predictive` for each row: mean, quantiles, ranks, CRPS.
 * `scoresOf` measures predictions of known values.
 * Numbers have a density; whole numbers and classes have probabilities.
 *
 * @module flowify/regression
 */
export { Predictive } from "./regression/predictive.js";
export { Regression, regression } from "./regression/regression.js";
export { scoresOf } from "./regression/scores.js";
