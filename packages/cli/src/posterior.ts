/**
 * Simulation-based inference: posteriors of simulators, amortized over observations.
 *
 * @module flowify/posterior
 */
export { likelihood, posterior } from "./posterior/in-node.js";
export { pictures } from "./posterior/pictures.js";
export { Posterior } from "./posterior/posterior.js";
export { independently, logNormal, normal, type Prior, uniform } from "./posterior/priors.js";
export type { Simulator } from "./posterior/simulate.js";
