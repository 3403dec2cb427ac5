import { type Calibration, conformalP, discoveryThreshold, smallestP } from "../detect/calibration.js";
import type { ScoreKind } from "../detect/score-columns.js";
import type { TableDetector } from "../detect/table-detector.js";
import { valueAt } from "../places.js";
import type { Terminal } from "../ui/terminal.js";
import { FALSE_ALARMS } from "./judge-rows.js";
import type { Pass } from "./score-pass.js";

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
