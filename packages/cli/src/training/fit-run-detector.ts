import { rowsOfSplit } from "../data/table/split-rows.js";
import { calibrationOf } from "../detect/calibration.js";
import { writeCalibration } from "../detect/calibration-file.js";
import { writeDetector } from "../detect/detector-file.js";
import { fitTableDetector } from "../detect/table-detector.js";
import { withExecutor } from "../executors.js";
import type { CommonFlags } from "../flags/shared.js";
import { takeRows } from "../rows.js";
import { readRunConfig } from "../runs/config-file.js";
import { runPaths } from "../runs/folder.js";
import { withModel } from "../runs/open-run.js";
import { openEncodedTable, readRows } from "../tables/read-rows.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Steps of the detector's flow at most; a shorter run has a shorter one. */
const STEPS = 400;

/** Fits a detector to the training rows of a run's table, calibrates it on the test rows, and keeps it in the run's folder. */
export async function fitRunDetector(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  const { data, training, contaminated = false } = readRunConfig(folder);
  const { seed, steps } = training;
  const schema = data.reading?.schema;
  if (!schema) return;
  const columns = schema.columns.filter(({ use }) => use === "model");
  const { where } = data.reading!;
  const table = await openEncodedTable(data.name, { schema, where, warn: () => {} });
  const { rows, numbers, names } = await table.all();
  await withExecutor(flags, terminal, async (executor) => {
    const options = { contaminated, seed, steps: Math.min(STEPS, steps) };
    const rowCount = data.examples + data.validation;
    const fitted = await fitTableDetector(executor, rows, columns, options, rowCount, {
      numbers,
      names: schema.columns.some(({ use }) => use === "id") ? names : undefined,
    });
    await writeDetector(runPaths(folder).detector, fitted);
    terminal.note(
      `detector of ${formatCount(rowCount)} rows, calibrated on ${formatCount(fitted.calibrations.combination.scores.length)} test rows; flowify score ${folder} FILE finds odd rows`,
    );
  });
}

/** Scores the test rows of a run's table by its best state, and keeps the scores in its folder. */
export function calibrateRun(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  const calibrate: Parameters<typeof withModel<void>>[3] = async (model, { config, step }) => {
    const { rows, fillLog, names, count } = await readRows(config.data.name, config.data.reading);
    const test = rowsOfSplit(count, "test");
    const logProb = await model.logProb(takeRows(rows, names.length, test));
    const scores = logProb.map((log, i) => fillLog[test[i]!]! - log);
    const calibration = calibrationOf(step, scores);
    await writeCalibration(runPaths(folder).calibration, calibration);
    terminal.note(`calibrated on ${formatCount(calibration.scores.length)} test rows`);
  };
  return withModel(folder, flags, terminal, calibrate, { moving: true });
}
