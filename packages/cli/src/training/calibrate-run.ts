import { writeCalibration } from "../detect/calibration-file.js";
import { calibrate } from "../detect/score-rows.js";
import type { CommonFlags } from "../flags/shared.js";
import { runPaths } from "../runs/folder.js";
import { withModel } from "../runs/open-run.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Scores the test rows of a run's table by its best state, and keeps the scores in its folder. */
export function calibrateRun(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  return withModel(folder, flags, terminal, async (model, { config, step }) => {
    const calibration = await calibrate(model, config, step);
    await writeCalibration(runPaths(folder).calibration, calibration);
    terminal.note(`calibrated on ${formatCount(calibration.scores.length)} test rows`);
  });
}
