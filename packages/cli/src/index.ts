export { latestCheckpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
export {
  firstImages,
  type ImageSet,
  type ImageShape,
  type PublishedSplit,
  type Split,
} from "./data/image-set.js";
export { type LabelledRows, readLabelledRows } from "./data/labelled-rows.js";
export { type DataSetChoice, loadDataSet } from "./data/registry.js";
export { averagePrecision } from "./detect/average-precision.js";
export { type DetectorOptions, type DetectorScores, detectorScores } from "./detect/detector.js";
export { type DeviceName, openExecutor } from "./executors.js";
export type { Checkpoint } from "./format/checkpoint.js";
export { type ImageGridOptions, imageGrid } from "./pictures/image-grid.js";
export { ledgerChart } from "./pictures/ledger-chart.js";
export { ledgerLines } from "./pictures/ledger-lines.js";
export { type Canvas, encodePng, svgToPng } from "./pictures/png.js";
export { type Rates, type Recipe, ratesOf, recipeNamed, recipeNames } from "./recipes.js";
