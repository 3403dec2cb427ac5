import type { CommonFlags } from "../commands/shared.js";
import { rowsOfSplit } from "../data/table/table-file.js";
import { calibrationOf } from "../detect/calibration.js";
import { fitDetector, openDetector, takeRows } from "../detect/detector.js";
import { writeDetector } from "../detect/detector-file.js";
import { inputsOf, widthOfAll } from "../detect/detector-inputs.js";
import { scoreKinds } from "../detect/score-kinds.js";
import { openExecutor } from "../executors.js";
import { readRunConfig } from "../run/config.js";
import { runPaths } from "../run/folder.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { allDetectorRows } from "./detector-rows.js";

/** Steps of the detector's flow at most; a shorter run has a shorter one. */
const STEPS = 400;

/** Fits a detector to the training rows of a run's table, calibrates it on the test rows, and keeps it in the run's folder. */
export async function fitRunDetector(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  const { data, seed, steps, contaminated = false } = readRunConfig(folder);
  const schema = data.reading?.schema;
  if (!schema) return;
  const inputs = inputsOf(schema);
  const width = widthOfAll(inputs);
  const { where } = data.reading!;
  const { rows, numbers } = await allDetectorRows(data.name, { schema, inputs, where, warn: () => {} });
  const count = rows.length / width;
  const training = rowsOfSplit(count, "train").subarray(0, data.examples + data.validation);
  const test = rowsOfSplit(count, "test");
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  try {
    const options = { contaminated, seed, steps: Math.min(STEPS, steps) };
    const found = await fitDetector(executor, takeRows(rows, width, training), width, options);
    const detector = { ...found, places: found.places.map((place) => numbers[training[place]!]! - 1) };
    const open = await openDetector(executor, detector);
    const scores = await open.score(takeRows(rows, width, test), scoreKinds);
    await open.dispose();
    const calibrations = {
      combination: calibrationOf(0, scores.combination),
      flow: calibrationOf(0, scores.flow),
      kernels: calibrationOf(0, scores.kernels),
      neighbours: calibrationOf(0, scores.neighbours),
    };
    await writeDetector(runPaths(folder).detector, { detector, inputs, calibrations });
    terminal.note(
      `detector of ${formatCount(training.length)} rows, calibrated on ${formatCount(test.length)} test rows; flowify score ${folder} FILE finds odd rows`,
    );
  } finally {
    await executor.dispose();
  }
}
