import type { Executor } from "@flowify/core";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { type Calibration, calibrationOf } from "./calibration.js";
import { type Detector, type DetectorOptions, fitDetector, openDetector, takeRows } from "./detector.js";
import { type DetectorInput, widthOfAll } from "./detector-inputs.js";
import { type ScoreKind, scoreKinds } from "./score-kinds.js";

/** A detector with the columns of its table, and scores of held-out rows, ascending, by which others are judged. */
export type TableDetector = Readonly<{
  detector: Detector;
  inputs: readonly DetectorInput[];
  calibrations: Readonly<Record<ScoreKind, Pick<Calibration, "scores">>>;
}>;

/**
 * Fits a detector to training rows of a table, and calibrates it on the test rows that `rowsOfSplit` draws.
 *
 * @param rows all rows of the table, [n, width], as `detectorEncoder` encodes them
 * @param most training rows at most. Default: all that are not test rows
 * @param numbers of the rows in their file, from 1 on. Default: 1, 2, …
 */
export async function fitTableDetector(
  executor: Executor,
  rows: Float32Array,
  inputs: readonly DetectorInput[],
  options: DetectorOptions,
  most?: number,
  numbers?: readonly number[],
): Promise<TableDetector> {
  const width = widthOfAll(inputs);
  const count = rows.length / width;
  const training = rowsOfSplit(count, "train").subarray(0, most);
  const numberOf = (place: number): number => {
    const row = training[place]!;
    return numbers ? numbers[row]! - 1 : row;
  };
  const found = await fitDetector(executor, takeRows(rows, width, training), width, options);
  const detector = { ...found, places: found.places.map(numberOf) };
  const open = await openDetector(executor, detector);
  try {
    const scores = await open.score(takeRows(rows, width, rowsOfSplit(count, "test")), scoreKinds);
    const calibrations = {
      combination: calibrationOf(0, scores.combination),
      flow: calibrationOf(0, scores.flow),
      kernels: calibrationOf(0, scores.kernels),
      neighbours: calibrationOf(0, scores.neighbours),
    };
    return { detector, inputs, calibrations };
  } finally {
    await open.dispose();
  }
}
