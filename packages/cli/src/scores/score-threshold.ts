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
      `nothing can be flagged at false alarms of ${falseAlarms}: ${calibration.scores.length} held-out examples tell probabilities from ${least.toPrecision(2)} on; choose --false-alarms above that, or train on more`,
    );
  return falseAlarms;
}

/** The p-values of examples by their scores or their ledgers, and 1 where one is flagged, else 0. */
export type Judge = (
  scores: ArrayLike<number>,
  ledgers: Float32Array,
) => Promise<readonly (readonly [p: number, flag: number])[]>;

/** The p-value of each score, and 1 where it is at most `most`. */
export const judged = (
  calibration: Pick<Calibration, "scores">,
  scores: ArrayLike<number>,
  most: number,
): readonly [p: number, flag: number][] =>
  Array.from(scores, (score) => {
    const p = conformalP(calibration, score);
    return [p, Number(p <= most)];
  });

/**
 * For a run of a table: a judge by −log p in nats.
 *
 * @throws UsageError where there is no calibration
 */
export function judgeOf(
  { config, step }: SavedRun,
  { falseAlarms }: Readonly<{ falseAlarms?: number }>,
  folder: string,
  { warn }: Pick<Terminal, "warn">,
): Judge {
  const calibration = readCalibration(runPaths(folder).calibration, folder, step, config);
  const most = reachable(calibration, falseAlarms ?? FALSE_ALARMS, { warn });
  return async (scores) => judged(calibration, scores, most);
}
