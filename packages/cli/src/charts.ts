/** Charts in the style of the command, for the benchmarks and examples of this repository. */

export { type ChartOptions, drawChart } from "./pictures/chart.js";
export { svgToPng } from "./pictures/png.js";
export { colorBySeries, namesOf, numbers, type Series } from "./pictures/series.js";
