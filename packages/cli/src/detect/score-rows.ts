import type { FlowModel } from "@flowify/core";
import type { EncodedRows } from "../data/table/encode-rows.js";
import { readRows } from "../data/table/read-rows.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import type { RunConfig } from "../run-config.js";
import { type Calibration, calibrationOf } from "./calibration.js";

/** Some of the rows, in the order of `which`. */
export function pickRows(
  { rows, fillLog, count, ids, rowNames }: EncodedRows,
  which: Uint32Array,
): EncodedRows {
  const width = rows.length / count;
  const picked = new Float32Array(which.length * width);
  which.forEach((from, to) => {
    picked.set(rows.subarray(from * width, (from + 1) * width), to * width);
  });
  return {
    rows: picked,
    fillLog: Float64Array.from(which, (i) => fillLog[i]!),
    count: which.length,
    rowNames: Array.from(which, (i) => rowNames[i]!),
    ids: ids.length > 0 ? Array.from(which, (i) => ids[i]!) : [],
  };
}

/** The scores of the test rows of a run's own table. */
export async function calibrate(
  model: FlowModel,
  { data }: Pick<RunConfig, "data">,
  step: number,
): Promise<Calibration> {
  const all = await readRows(data.name, data.reading);
  const test = pickRows(all, rowsOfSplit(all.count, "test"));
  const logProb = await model.logProb(test.rows);
  return calibrationOf(
    step,
    Float64Array.from(test.fillLog, (fill, i) => fill - logProb[i]!),
  );
}
