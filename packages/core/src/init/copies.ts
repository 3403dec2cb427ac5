import type { CalibrationData } from "./calibration-data.js";
import { principalDirections } from "./principal.js";

/** How often a tile copies: both are averages over all entries of all patches. */
type Copying = Readonly<{
  /** Share of the entries that a pixel needs; the others are further copies. */
  pixels: number;
  /** Further copies that the pixel of an entry has. */
  others: number;
}>;

/** Halvings of the interval for log s: more than float32 can tell apart. */
const HALVINGS = 60;

/**
 * log a, the scale of noise in copies with which patches [n] are the most probable under the Gaussian of their covariance,
 * as if patches were independent of each other.
 *
 * In one patch, an entry with N copies has noise of variance (N − 1) a², independent of the others'. With eigenvalues λ of
 * the covariance and the average D of N − 1,
 *
 *     loss = ½ Σ log(λ + a² D) − K log a,    K = the further copies in a patch
 *
 * is least where Σ s / (λ + s) = K, s = a² D. For white pixels that is their own standard deviation, and copies then are
 * independent: nothing is lost. Less noise makes patches repeat each other, more of it hides the fine parts of a patch.
 */
export async function copyNoise(patches: CalibrationData, { pixels, others }: Copying): Promise<number> {
  const { std } = await principalDirections(patches);
  const further = std.length * (1 - pixels);
  const excess = (log: number): number =>
    std.reduce((sum, each) => sum + 1 / (1 + each ** 2 * Math.exp(-log)), 0) - further;
  const logs = std.map((each) => 2 * Math.log(each));
  // between these, s / (λ + s) passes K / n for every λ
  const odds = Math.log((1 - pixels) / pixels);
  let [low, high] = [Math.min(...logs) + odds, Math.max(...logs) + odds];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return ((low + high) / 2 - Math.log(others)) / 2;
}
