import type { FitOptions, FlowModel } from "@flowify/core";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { encodedWidth } from "../tables/columns/kinds.js";
import { fitTable } from "../tables/fit-table.js";
import { takeRows } from "../tables/flow-rows.js";
import { type Calibration, calibrationOf } from "./calibration.js";
import { type Detector, type DetectorOptions, fitDetector, openDetector } from "./detector.js";
import { type ScoreKind, scoreKinds } from "./score-kinds.js";

/** A detector with the columns of its table, and scores of held-out rows, ascending, by which others are judged. */
export type TableDetector = Readonly<{
  detector: Detector;
  /** What the reference rows are called, where a column names the rows. */
  names?: readonly string[] | undefined;
  calibrations: Readonly<Record<ScoreKind, Calibration>>;
}>;

/**
 * Fits a detector to training rows of a table by a flow that was trained on them, and calibrates it on the test rows that `rowsOfSplit` draws.
 *
 * @param rows all rows of the table, [n, width], as `rowEncoder` encodes them
 * @param most training rows at most. Default: all that are not test rows
 * @param called the numbers of the rows in their file, from 1 on, by default 1, 2, …; and their names
 */
export async function fitTableDetector(
  model: FlowModel,
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
    const row = training[place]!;
    return numbers ? numbers[row]! - 1 : row;
  };
  const found = await fitDetector(model, takeRows(rows, width, training), columns, options);
  const detector = { ...found, places: found.places.map(numberOf) };
  const open = await openDetector(model, detector);
  try {
    const scores = await open.score(takeRows(rows, width, rowsOfSplit(count, "test")), scoreKinds);
    const calibrations = {
      combination: calibrationOf(scores.combination),
      flow: calibrationOf(scores.flow),
      kernels: calibrationOf(scores.kernels),
      neighbours: calibrationOf(scores.neighbours),
    };
    const own = names && Array.from(found.places, (place) => names[training[place]!]!);
    return { detector, calibrations, ...(own && { names: own }) };
  } finally {
    await open.dispose();
  }
}

/** Trains the flow of a table on its training rows, and fits a detector by it. The model stays open. */
export async function trainTableDetector(
  schema: TableSchema,
  rows: Float32Array,
  { contaminated = false, ...options }: FitOptions & Pick<DetectorOptions, "contaminated">,
): Promise<Readonly<{ model: FlowModel; found: TableDetector }>> {
  const width = encodedWidth(schema);
  const training = takeRows(rows, width, rowsOfSplit(rows.length / width, "train"));
  const model = await fitTable(schema, training, options);
  const columns = schema.columns.filter(({ use }) => use === "model");
  const { seed = 0 } = options;
  return { model, found: await fitTableDetector(model, rows, columns, { contaminated, seed }) };
}
