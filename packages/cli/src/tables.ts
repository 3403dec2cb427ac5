/**
 * Tables as rows of a flow and back; detectors of odd rows: scores, calibration, and how well they find labelled
 * anomalies.
 */
export { type LabelledRows, readLabelledRows } from "./data/labelled-rows.js";
export type { ColumnSchema, ColumnType, TableSchema } from "./data/table/schema.js";
export { fitArrayDetector } from "./detect/array-detector.js";
export { averagePrecision } from "./detect/average-precision.js";
export { calibrationOf, conformalP } from "./detect/calibration.js";
export { type OpenDetector, openDetector } from "./detect/detector.js";
export { neighbourDistances } from "./detect/knn.js";
export { type RowReasons, rowReasons } from "./detect/reasons/row-reasons.js";
export type { ScoreKind } from "./detect/score-kinds.js";
export { trainTableDetector } from "./detect/table-detector.js";
export { readTable, tableCells } from "./table-flow.js";
export { type TableFlowOptions, tableFlow } from "./tables/fit-table.js";
export type { ReadTableOptions, TableRows } from "./tables/read-rows.js";
