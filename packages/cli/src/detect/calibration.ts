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
