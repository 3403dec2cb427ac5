import { UsageError } from "@flowify/core";
import type { Split } from "../data/image-set.js";
import { type Calibration, conformalP, smallestP } from "../detect/calibration.js";
import { readCalibration } from "../detect/calibration-file.js";
import { runPaths } from "../runs/folder.js";
import type { SavedRun } from "../runs/open-run.js";
import type { Terminal } from "../ui/terminal.js";

/** How often a row like the training rows may be flagged, where nobody says. */
export const FALSE_ALARMS = 0.01;

/** The probability of a false alarm; warns where there are too few held-out rows for it. */
export function reachable(
  calibration: Pick<Calibration, "scores">,
  falseAlarms: number,
  { warn }: Pick<Terminal, "warn">,
): number {
  const least = smallestP(calibration);
  if (least > falseAlarms)
    warn(
      `no row can be flagged at false alarms of ${falseAlarms}: ${calibration.scores.length} held-out rows tell probabilities from ${least.toPrecision(2)} on; choose --false-alarms above that, or train on more rows`,
    );
  return falseAlarms;
}

/**
 * For a run of a table: the p-value of a score and 1 where it is flagged, else 0.
 *
 * @throws UsageError where there is no calibration for the false alarms that are asked for
 */
export function judgeOf(
  { config, step }: SavedRun,
  { falseAlarms, split }: Readonly<{ falseAlarms?: number; split?: Split }>,
  folder: string,
  { warn }: Terminal,
): ((score: number) => [p: number, flag: number]) | undefined {
  if (!config.data.reading?.schema || split !== undefined) {
    if (falseAlarms === undefined) return undefined;
    throw new UsageError(
      "--false-alarms is for tables that a run of a table scores whole\nleave it out, or leave --split out",
    );
  }
  const calibration = readCalibration(runPaths(folder).calibration, folder, step);
  const most = reachable(calibration, falseAlarms ?? FALSE_ALARMS, { warn });
  return (score) => {
    const p = conformalP(calibration, score);
    return [p, Number(p <= most)];
  };
}
