/**
 * Simulation-based inference: posteriors of simulators, amortized over observations.
 *
 * @module flowify/posterior
 */
export { type Observed, Posterior, type PosteriorOptions, posterior } from "./posterior/posterior.js";
export { independently, logNormal, normal, type Prior, type Support, uniform } from "./posterior/priors.js";
export type { SimulateOptions, Simulator } from "./posterior/simulate.js";
