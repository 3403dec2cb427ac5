import type { FlowModel } from "@flowify/core";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { takeRows } from "../rows.js";
import type { RunConfig } from "../run-config.js";
import { readRows } from "../tables/read-rows.js";
import { type Calibration, calibrationOf } from "./calibration.js";

/** The scores of the test rows of a run's own table. */
export async function calibrate(
  model: FlowModel,
  { data }: Pick<RunConfig, "data">,
  step: number,
): Promise<Calibration> {
  const { rows, fillLog, names, count } = await readRows(data.name, data.reading);
  const test = rowsOfSplit(count, "test");
  const logProb = await model.logProb(takeRows(rows, names.length, test));
  return calibrationOf(
    step,
    Float64Array.from(test, (row, i) => fillLog[row]! - logProb[i]!),
  );
}
