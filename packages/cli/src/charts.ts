/** Charts in the style of the command, for the benchmarks and examples of this repository. */

export { drawChart } from "./pictures/chart.js";
export { svgToPng } from "./pictures/png.js";
export { numbers } from "./pictures/series.js";
