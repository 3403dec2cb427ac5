/**
 * Tables as rows of a flow and back; detectors of odd rows: scores, calibration, and how well they find labelled
 * anomalies.
 */
export { rowBaselines } from "./baselines/rows.js";
export { type LabelledRows, readLabelledRows } from "./data/labelled-rows.js";
export type { ColumnSchema, ColumnType, TableSchema } from "./data/table/schema.js";
export { averagePrecision } from "./detect/average-precision.js";
export { calibrationOf, conformalP } from "./detect/calibration.js";
export {
  arrayColumns,
  type Detector,
  type DetectorOptions,
  fitDetector,
  type OpenDetector,
  openDetector,
} from "./detect/detector.js";
export { neighbourDistances } from "./detect/knn.js";
export { type RowReasons, rowReasons } from "./detect/reasons/row-reasons.js";
export type { ScoreKind } from "./detect/score-columns.js";
export {
  readTable,
  type TableFlowOptions,
  tableCells,
  tableFlow,
} from "./table-flow.js";
export type { ReadTableOptions, TableRows } from "./tables/read-rows.js";
