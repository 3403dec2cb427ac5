import type { Executor } from "@flowify/core";
import type { ColumnSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { valueAt, valuesAt } from "../places.js";
import { takeRows } from "../rows.js";
import { encodedWidth } from "../tables/columns/kinds.js";
import { type Calibration, calibrationOf } from "./calibration.js";
import { type Detector, type DetectorOptions, fitDetector, openDetector } from "./detector.js";
import { type ScoreKind, scoreKinds } from "./score-columns.js";

/** A detector with the columns of its table, and scores of held-out rows, ascending, by which others are judged. */
export type TableDetector = Readonly<{
  detector: Detector;
  /** What the reference rows are called, where a column names the rows. */
  names?: readonly string[] | undefined;
  calibrations: Readonly<Record<ScoreKind, Pick<Calibration, "scores">>>;
}>;

/**
 * Fits a detector to training rows of a table, and calibrates it on the test rows that `rowsOfSplit` draws.
 *
 * @param rows all rows of the table, [n, width], as `rowEncoder` encodes them
 * @param most training rows at most. Default: all that are not test rows
 * @param called the numbers of the rows in their file, from 1 on, by default 1, 2, …; and their names
 */
export async function fitTableDetector(
  executor: Executor,
  rows: Float32Array,
  columns: readonly ColumnSchema[],
  options: DetectorOptions,
  most?: number,
  called: Readonly<{ numbers?: readonly number[]; names?: readonly string[] | undefined }> = {},
): Promise<TableDetector> {
  const width = encodedWidth({ columns });
  const count = rows.length / width;
  const training = rowsOfSplit(count, "train").subarray(0, most);
  const { numbers, names } = called;
  const numberOf = (place: number): number => {
    const row = valueAt(training, place);
    return numbers ? valueAt(numbers, row) - 1 : row;
  };
  const found = await fitDetector(executor, takeRows(rows, width, training), columns, options);
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
    const own = names && valuesAt(names, valuesAt(training, found.places));
    return { detector, calibrations, ...(own && { names: own }) };
  } finally {
    await open.dispose();
  }
}
