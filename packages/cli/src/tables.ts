/**
 * Tables as rows of a flow and back; detectors of odd rows: scores, calibration, and how well they find labelled
 * anomalies.
 */
export { arrayColumns, fitDetector, openDetector } from "./detect/detector.js";
export { encodeDetector } from "./detect/detector-bytes.js";
export { readTable, tableCells, tableFlow } from "./table-flow.js";
