/** Reading and writing ONNX files without Node and without ONNX Runtime, for pages and workers. */
export { relativeDifference } from "./difference.js";
export { describeExport, fileOf } from "./export/description.js";
export { exportFlow } from "./export/export-flow.js";
export { exportFunction } from "./export/export-function.js";
export { type ConvertedNetwork, convertOnnx } from "./import/convert.js";
export { standaloneOnnx } from "./import/original.js";
export { readOnnx } from "./import/read.js";
export {
  type ConversionReport,
  comparisonInputs,
  conversionReport,
  nodesInWords,
  refusal,
} from "./import/report.js";
