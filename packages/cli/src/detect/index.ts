/**
 * Detectors of odd rows: fitted without labels, calibrated on held-out rows, and compared on labelled sets.
 */
export { type LabelledRows, readLabelledRows } from "../data/labelled-rows.js";
export { averagePrecision } from "./average-precision.js";
export { type Calibration, calibrationOf, conformalP } from "./calibration.js";
export {
  type Detector,
  type DetectorOptions,
  fitDetector,
  type OpenDetector,
  openDetector,
} from "./detector.js";
export { neighbourDistances } from "./knn.js";
export type { ScoreKind } from "./score-kinds.js";
