import { UsageError } from "@flowify/core";
import type { Split } from "../data/image-set.js";
import { type Calibration, conformalP, discoveryThreshold, smallestP } from "../detect/calibration.js";
import { readCalibration } from "../detect/calibration-file.js";
import type { ScoreKind } from "../detect/score-columns.js";
import type { TableDetector } from "../detect/table-detector.js";
import { valueAt } from "../places.js";
import { runPaths } from "../runs/folder.js";
import type { SavedRun } from "../runs/open-run.js";
import type { Terminal } from "../ui/terminal.js";
import type { Pass } from "./score-pass.js";

/** How often a row like the training rows may be flagged, where nobody says. */
export const FALSE_ALARMS = 0.01;

type Wanted = Readonly<{ falseAlarms?: number; fdr?: number }>;

/**
 * The p-value up to which rows are flagged. For a false discovery rate all rows are scored once before.
 *
 * @param sum adds numbers up over all processes that score
 */
export async function thresholdOf(
  { calibrations }: TableDetector,
  kind: ScoreKind,
  { falseAlarms, fdr }: Wanted,
  pass: Pass,
  { warn }: Pick<Terminal, "warn">,
  sum: (numbers: Float64Array) => Promise<Float64Array> = async (numbers) => numbers,
): Promise<number> {
  const calibration = calibrations[kind];
  const least = smallestP(calibration);
  if (fdr !== undefined) {
    const own = new Float64Array(calibration.scores.length + 1);
    for await (const { scores } of pass(0))
      for (const score of scores) own[Math.round(conformalP(calibration, score) / least) - 1]!++;
    const counts = await sum(own);
    const rows = counts.reduce((all, count) => all + count, 0);
    const threshold = discoveryThreshold(counts, fdr);
    const fewest = Math.ceil((least * rows) / fdr);
    if (threshold === 0 && valueAt(counts, 0) < fewest)
      warn(
        `no row is flagged at a false discovery rate of ${fdr}: ${calibration.scores.length} held-out rows tell probabilities from ${least.toPrecision(2)} on, so at least ${fewest} rows would have to be odder than all of them; train on more rows, or use --false-alarms`,
      );
    return threshold;
  }
  return reachable(calibration, falseAlarms ?? FALSE_ALARMS, { warn });
}

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
