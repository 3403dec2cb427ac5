/** Posteriors of simulators in pages, and simulators to show: nothing of Node. */

export { linesAround } from "./pictures/contours.js";
export { uniform } from "./posterior/priors.js";
export { simulators } from "./posterior/simulators.js";
export { trainPosterior } from "./posterior/train.js";
