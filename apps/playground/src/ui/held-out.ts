/** Measurements without a better one after which a run has turned. */
const PATIENCE = 5;
/** Part of all that it has moved that it has lost by then: less is the noise of the steps. */
const NOTABLE = 0.05;

type Measurement = readonly [step: number, logProb: number];

/** `level`: the last one is the best, or nearly; `overfits`: it was better before; `worse`: the start was the best. */
export type HeldOutStanding = Readonly<{ best: number; trend: "level" | "overfits" | "worse" }>;

/** Where held-out examples were most likely in a run, and how it went from there. */
export function standingOf(measurements: readonly Measurement[]): HeldOutStanding | undefined {
  const [first] = measurements;
  if (!first) return undefined;
  const best = measurements.reduce((a, b) => (b[1] > a[1] || Number.isNaN(a[1]) ? b : a));
  const values = measurements.map(([, value]) => value).filter(Number.isFinite);
  const lost = best[1] - values.at(-1)! > NOTABLE * (best[1] - Math.min(...values));
  const turned = lost && measurements.length - 1 - measurements.indexOf(best) >= PATIENCE;
  return { best: best[0], trend: !turned ? "level" : best === first ? "worse" : "overfits" };
}
