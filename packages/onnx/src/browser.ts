/** Reading and writing ONNX files without Node and without ONNX Runtime, for pages and workers. */
export { relativeDifference } from "./difference.js";
export { describeExport, fileOf } from "./export/description.js";
export { exportFlow } from "./export/export-flow.js";
export { exportFunction } from "./export/export-function.js";
export { type ConvertedNetwork, convertOnnx, importRules } from "./import/convert.js";
export type { OnnxGraph, OnnxNode } from "./import/graph.js";
export { standaloneOnnx } from "./import/original.js";
export { readOnnx } from "./import/read.js";
export {
  type ConversionReport,
  comparisonInputs,
  conversionReport,
  nodesInWords,
  refusal,
} from "./import/report.js";
