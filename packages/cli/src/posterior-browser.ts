/** Posteriors of simulators in pages, and simulators to show: nothing of Node. */

export { type Prior, uniform } from "./posterior/priors.js";
export type { Simulator } from "./posterior/simulate.js";
export { simulators } from "./posterior/simulators.js";
export { trainPosterior } from "./posterior/train.js";
