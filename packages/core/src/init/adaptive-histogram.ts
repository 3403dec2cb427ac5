import type { Distribution } from "./empirical-distribution.js";

/** An interval of the axis, from a to b, and its share of the mass. */
export type HistogramBin = Readonly<{ a: number; b: number; mass: number }>;

export const densityOf = ({ a, b, mass }: HistogramBin): number => mass / (b - a);

/** Neighbouring densities that differ by more than this factor are a jump. */
const JUMP = 3;

export const jumps = (left: number, right: number): boolean => Math.max(left / right, right / left) > JUMP;

/** Least width of a bin, as a share of the unit interval. */
const NARROWEST = 1e-4;

/** Least gain in the total log-likelihood of a cut, in nats: smaller gains are chance. */
const LEAST_GAIN = 4;

/** Search for a cut: number of grid steps, and number of refinements. */
const GRID = 24;
const ZOOMS = 4;

/**
 * A histogram on [0, 1] with at most `most` bins: repeatedly cuts the bin whose best cut raises the likelihood most.
 * Edges end up at the edges of spikes and gaps.
 *
 * @param count the number of values behind the distribution: few values do not justify a cut
 */
export function adaptiveHistogram(distribution: Distribution, most: number, count: number): HistogramBin[] {
  const withCut = (bin: HistogramBin) => ({ bin, ...bestCut(distribution, bin) });
  const bins = [withCut({ a: 0, b: 1, mass: 1 })];
  while (bins.length < most) {
    const { i } = bins.reduce((best, { gain }, k) => (gain > best.gain ? { gain, i: k } : best), {
      gain: LEAST_GAIN / count,
      i: -1,
    });
    const found = bins[i];
    if (!found) break;
    bins.splice(i, 1, ...cutAt(distribution, found.bin, found.at).map(withCut));
  }
  return bins.map(({ bin }) => bin);
}

function cutAt(distribution: Distribution, { a, b, mass }: HistogramBin, at: number): HistogramBin[] {
  const left = distribution(at) - distribution(a);
  return [
    { a, b: at, mass: left },
    { a: at, b, mass: mass - left },
  ];
}

/** The best cut of a bin, and its gain in mean log-likelihood. */
function bestCut(distribution: Distribution, bin: HistogramBin): { at: number; gain: number } {
  let [from, to] = [bin.a + NARROWEST, bin.b - NARROWEST];
  const best = { at: (from + to) / 2, gain: 0 };
  for (let zoom = 0; zoom < ZOOMS && to > from; zoom++) {
    const step = (to - from) / GRID;
    for (let i = 0; i <= GRID; i++) {
      const at = from + i * step;
      const [left, right] = cutAt(distribution, bin, at) as [HistogramBin, HistogramBin];
      const gain = logLikelihood(left) + logLikelihood(right) - logLikelihood(bin);
      if (gain > best.gain) Object.assign(best, { at, gain });
    }
    [from, to] = [Math.max(from, best.at - step), Math.min(to, best.at + step)];
  }
  return best;
}

/** mass · log density: the contribution of a bin to the mean log-likelihood. */
const logLikelihood = (bin: HistogramBin): number => (bin.mass > 0 ? bin.mass * Math.log(densityOf(bin)) : 0);
