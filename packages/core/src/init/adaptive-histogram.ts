import type { Distribution } from "./empirical-distribution.js";

/** A stretch of the axis, from a to b, and the part of the mass in it. */
export type HistogramBin = Readonly<{ a: number; b: number; mass: number }>;

export const densityOf = ({ a, b, mass }: HistogramBin): number => mass / (b - a);

/** No bin is narrower than this part of the unit interval. */
const NARROWEST = 1e-4;

/** A cut has to raise the log-likelihood of all numbers together by so many nats: less is chance. */
const LEAST_GAIN = 4;

/** A cut is looked for on a grid of so many steps, which is zoomed in on so many times. */
const GRID = 24;
const ZOOMS = 4;

/**
 * The histogram on [0, 1] of at most `most` bins that describes a distribution well: the bin whose best cut in two
 * raises the likelihood most is cut, one after the other. Edges come to stand at the edges of spikes and gaps.
 *
 * @param count the numbers behind the distribution: what few of them show is no reason to cut
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

/** The best place to cut a bin in two, and what the mean log-likelihood gains. */
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

/** mass · log density: the part of a bin in the mean log-likelihood. */
const logLikelihood = (bin: HistogramBin): number => (bin.mass > 0 ? bin.mass * Math.log(densityOf(bin)) : 0);
