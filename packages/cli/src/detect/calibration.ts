import { existsSync, readFileSync } from "node:fs";
import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { writeFileAtomic } from "../run/atomic.js";

const calibrationSchema = v.strictObject({
  format: v.literal("flowify-calibration"),
  version: v.literal(1),
  /** Of the state that the scores come from. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** −log p in nats of rows that the run neither trained on nor chose its best state by, ascending. */
  scores: v.pipe(v.array(v.number()), v.minLength(1)),
});

/** Scores of held-out rows, by which others are judged. */
export type Calibration = Readonly<{ step: number; scores: Float64Array }>;

export const calibrationOf = (step: number, scores: ArrayLike<number>): Calibration => ({
  step,
  scores: Float64Array.from(scores).sort(),
});

/**
 * p = (1 + #{held-out scores ≥ score}) / (n + 1): for a row like the held-out ones, P(p ≤ α) ≤ α, whatever the score is.
 *
 * Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World"; Bates et al. 2023, "Testing for
 * outliers with conformal p-values" (arXiv:2104.08279), equation 2.
 */
export function conformalP({ scores }: Pick<Calibration, "scores">, score: number): number {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle]! < score) low = middle + 1;
    else high = middle;
  }
  return (1 + scores.length - low) / (scores.length + 1);
}

/** Rows of a higher score have p of at most `most`; none where there are too few held-out rows. */
export function thresholdOf({ scores }: Pick<Calibration, "scores">, most: number): number | undefined {
  // 0.29 · 100 is a little below 29 in doubles
  const above = Math.floor(most * (scores.length + 1) + 1e-9) - 1;
  return above < 0 ? undefined : scores[Math.max(0, scores.length - 1 - above)];
}

/** The smallest probability of a false alarm that so many held-out rows can keep. */
export const smallestP = ({ scores }: Pick<Calibration, "scores">): number => 1 / (scores.length + 1);

export function writeCalibration(path: string, { step, scores }: Calibration): Promise<void> {
  const document = { format: "flowify-calibration", version: 1, step, scores: [...scores] };
  return writeFileAtomic(path, `${JSON.stringify(document)}\n`);
}

/**
 * @throws UsageError where the run has none, or one of another state; DataError where it is damaged
 */
export function readCalibration(path: string, folder: string, step: number): Calibration {
  const again = `run flowify train --resume ${folder} to write it`;
  if (!existsSync(path))
    throw new UsageError(`${folder}: no calibration.json, expected the scores of held-out rows\n${again}`);
  const result = v.safeParse(calibrationSchema, parsed(path));
  if (!result.success)
    throw new DataError(`${path}: not a calibration: ${result.issues[0].message}\n${again}`);
  if (result.output.step !== step)
    throw new UsageError(
      `${path}: of step ${result.output.step}, expected the state of step ${step}\n${again}`,
    );
  return calibrationOf(step, result.output.scores);
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
