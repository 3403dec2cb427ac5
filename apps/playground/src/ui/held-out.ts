/** Number of measurements without improvement after which a run counts as past its best. */
const PATIENCE = 5;
/** Smallest loss since the best, as a share of the whole range: less counts as noise of the steps. */
const NOTABLE = 0.05;

type Measurement = readonly [step: number, logProb: number];

/**
 * The best measurement of held-out examples in a run, and the trend since. `level`: the last is the best, or nearly; `overfits`: an
 * earlier one was better; `worse`: the initial one was the best.
 */
export function standingOf(measurements: readonly Measurement[]) {
  const [first] = measurements;
  if (!first) return undefined;
  const best = measurements.reduce((a, b) => (b[1] > a[1] || Number.isNaN(a[1]) ? b : a));
  const values = measurements.map(([, value]) => value).filter(Number.isFinite);
  const lost = best[1] - values.at(-1)! > NOTABLE * (best[1] - Math.min(...values));
  const turned = lost && measurements.length - 1 - measurements.indexOf(best) >= PATIENCE;
  const trend = !turned ? "level" : best === first ? "worse" : "overfits";
  return { best: best[0], trend } as const;
}
