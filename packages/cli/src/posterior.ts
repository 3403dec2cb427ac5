/**
 * Simulation-based inference: posteriors of simulators, amortized over observations.
 *
 * @module flowify/posterior
 */
export { Posterior, type PosteriorOptions, posterior } from "./posterior/posterior.js";
export { independently, logNormal, normal, type Prior, uniform } from "./posterior/priors.js";
export type { Simulator } from "./posterior/simulate.js";
