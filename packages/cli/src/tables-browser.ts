/** Tables and detectors of odd rows in pages: files as bytes, nothing of Node. */

export { percent, valuesOf } from "./data/table/column-words.js";
export { findSchema, schemaToLearn } from "./data/table/find-schema.js";
export type { ColumnSchema, TableSchema } from "./data/table/schema.js";
export type { Table } from "./data/table/table.js";
export { tableOfBytes } from "./data/table/table-bytes.js";
export { conformalP } from "./detect/calibration.js";
export { openDetector } from "./detect/detector.js";
export { decodeDetector } from "./detect/detector-bytes.js";
export { detectorOnnx } from "./detect/detector-onnx.js";
export { tableReasoner } from "./detect/reasons/table-reasons.js";
export { scoresAsCsv } from "./detect/score-columns.js";
export { fitTableDetector, type TableDetector } from "./detect/table-detector.js";
export { guardOfRows } from "./guard/guard-of-rows.js";
export { encodedTable } from "./tables/encoded-table.js";
export { featureWidth } from "./tables/features.js";
