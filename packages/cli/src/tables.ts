/**
 * Tables as rows of a flow and back; detectors of odd rows: scores, calibration, and how well they find labelled
 * anomalies.
 */
export { rowBaselines } from "./baselines/rows.js";
export { readLabelledRows } from "./data/labelled-rows.js";
export { averagePrecision } from "./detect/average-precision.js";
export { calibrationOf, conformalP } from "./detect/calibration.js";
export { arrayColumns, fitDetector, openDetector } from "./detect/detector.js";
export { encodeDetector } from "./detect/detector-bytes.js";
export { neighbourDistances } from "./detect/knn.js";
export { rowReasons } from "./detect/reasons/row-reasons.js";
export type { ScoreKind } from "./detect/score-columns.js";
export { readTable, tableCells, tableFlow } from "./table-flow.js";
