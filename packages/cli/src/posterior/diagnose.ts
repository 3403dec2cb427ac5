import { makeRng } from "@flowify/core/layer";
import { meanAndSpread } from "../statistics.js";
import type { Prior } from "./priors.js";
import { type Simulator, simulateAll } from "./simulate.js";

/** Ranks of one parameter among the samples given what it was simulated with: uniform where the posterior is right. */
type RankTest = Readonly<{
  /** How many of the samples are smaller, one number a simulation, 0 to `draws`. */
  ranks: readonly number[];
  /** Counts of the ranks in equal bins, and the range that 99 % of uniform counts lie in. */
  counts: readonly number[];
  band: readonly [low: number, high: number];
  /** Probability of a χ² as large if the ranks were uniform. */
  p: number;
}>;

export type Diagnosis = Readonly<{
  simulations: number;
  draws: number;
  /** Simulation-based calibration, of each parameter. */
  ranks: readonly RankTest[];
  /** Expected coverage (TARP): the share of simulations whose credible regions of each level hold the parameters. */
  coverage: readonly Readonly<{ level: number; covered: number }>[];
  /** The largest |covered − level|. */
  largestGap: number;
}>;

export type DiagnoseOptions = {
  /** Simulations that were not trained on. Default 1,000. */
  simulations?: number;
  /** Draws of the posterior for each. Default 100. */
  draws?: number;
  seed?: number;
};

/** n samples given each observation, one after another. */
type SampleEach = (
  observations: readonly ArrayLike<number>[],
  n: number,
  options: { seed: number },
) => Promise<Float64Array>;

/** Bins of the ranks. */
const BINS = 20;
/** Levels that coverage is looked at. */
const LEVELS = 20;

/**
 * Simulation-based calibration and expected coverage, on fresh simulations.
 *
 * Sources: Talts et al. 2018 (arXiv:1804.06788); Lemos et al. 2023 (arXiv:2302.03026), reference points from the prior.
 */
export async function diagnosePosterior(
  posterior: Readonly<{ sampleEach: SampleEach }>,
  prior: Prior,
  simulate: Simulator,
  { simulations = 1000, draws = 100, seed = 0 }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const { size } = prior;
  // another stream than that of the simulations to train on
  const { parameters, observations, observationSize, count } = await simulateAll(
    prior,
    simulate,
    simulations,
    {
      seed: seed + 2 ** 31,
      mostFailures: 0.5,
    },
  );
  const rowAt = (rows: Float64Array, i: number, width: number): Float64Array =>
    rows.subarray(i * width, (i + 1) * width);
  const asked = Array.from({ length: count }, (_, i) => rowAt(observations, i, observationSize));
  const drawn = await posterior.sampleEach(asked, draws, { seed });
  const random = makeRng(seed, 5);
  const scale = spreads(parameters, size);
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (((a[k] as number) - (b[k] as number)) / (scale[k] as number)) ** 2;
    return sum;
  };
  const ranks = Array.from({ length: size }, () => [] as number[]);
  const nearer: number[] = [];
  for (let i = 0; i < count; i++) {
    const theta = rowAt(parameters, i, size);
    const own = Array.from({ length: draws }, (_, j) => rowAt(drawn, i * draws + j, size));
    for (let k = 0; k < size; k++)
      ranks[k]?.push(
        own.reduce((below, draw) => below + ((draw[k] as number) < (theta[k] as number) ? 1 : 0), 0),
      );
    const reference = prior.sample(random);
    const edge = distance(theta, reference);
    nearer.push(own.reduce((sum, draw) => sum + (distance(draw, reference) < edge ? 1 : 0), 0) / draws);
  }
  const coverage = Array.from({ length: LEVELS - 1 }, (_, k) => {
    const level = (k + 1) / LEVELS;
    return { level, covered: nearer.filter((share) => share < level).length / count };
  });
  return {
    simulations: count,
    draws,
    ranks: ranks.map((own) => rankTest(own, draws)),
    coverage,
    largestGap: Math.max(...coverage.map(({ level, covered }) => Math.abs(covered - level))),
  };
}

function spreads(rows: Float64Array, size: number): number[] {
  const count = rows.length / size;
  return Array.from({ length: size }, (_, k) => {
    const own = Float64Array.from({ length: count }, (_, i) => rows[i * size + k] as number);
    return meanAndSpread(own).std || 1;
  });
}

function rankTest(ranks: readonly number[], draws: number): RankTest {
  const counts = new Array<number>(BINS).fill(0);
  // draws + 1 ranks over the bins: each bin has its own expected share
  const shares = new Array<number>(BINS).fill(0);
  const binOf = (rank: number): number => Math.min(Math.floor((rank * BINS) / (draws + 1)), BINS - 1);
  for (let rank = 0; rank <= draws; rank++) shares[binOf(rank)]! += 1 / (draws + 1);
  for (const rank of ranks) counts[binOf(rank)]!++;
  const chi2 = counts.reduce((sum, found, k) => {
    const expected = ranks.length * (shares[k] as number);
    return sum + (found - expected) ** 2 / expected;
  }, 0);
  const mean = ranks.length / BINS;
  const half = 2.576 * Math.sqrt(mean * (1 - 1 / BINS));
  return { ranks, counts, band: [Math.max(mean - half, 0), mean + half], p: chiSquareTail(chi2, BINS - 1) };
}

/** P(χ² ≥ x) with k degrees of freedom: Q(k/2, x/2), by its series or continued fraction (Press et al. 2007, section 6.2). */
export function chiSquareTail(x: number, k: number): number {
  const [a, y] = [k / 2, x / 2];
  if (y <= 0) return 1;
  const front = Math.exp(-y + a * Math.log(y) - logGamma(a));
  if (y < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < 500 && term > sum * 1e-15; n++) {
      term *= y / (a + n);
      sum += term;
    }
    return 1 - sum * front;
  }
  let b = y + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 500; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return front * h;
}

/** log Γ(a) for whole and half numbers: from Γ(1) = 1 and Γ(½) = √π upwards. */
function logGamma(a: number): number {
  let log = a % 1 === 0 ? 0 : 0.5 * Math.log(Math.PI);
  for (let x = a % 1 === 0 ? 1 : 0.5; x < a; x++) log += Math.log(x);
  return log;
}
