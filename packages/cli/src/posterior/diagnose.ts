import { DataError } from "@flowify/core";
import { optionSchemas as o } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { rowOf, rowsIn } from "../rows.js";
import { chiSquaredTail, meanAndSpread } from "../statistics.js";
import type { Prior } from "./priors.js";
import { MOST_FAILURES, type RunSimulator, simulateAll } from "./simulate.js";

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
  /** Simulations that were compared, and those that failed or had numbers that are not finite, and were left out. */
  simulations: number;
  failures: number;
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
  /** Largest share of simulations that may fail. Default: as in training. */
  mostFailures?: number;
  seed?: number;
};

export const diagnoseSchemas = {
  simulations: o.integer(1),
  draws: o.integer(1),
  mostFailures: o.fraction,
  seed: o.seed,
};

/** How far the coverage of a right posterior lies from its level in 99 % of cases. */
export const coverageBand = (level: number, simulations: number): number =>
  WITHIN * Math.sqrt((level * (1 - level)) / simulations);

/** n samples given each observation, one after another. */
type SampleEach = (
  observations: readonly ArrayLike<number>[],
  n: number,
  options: { seed: number },
) => Promise<Float64Array>;

/** Bins of ranks at most, and ranks that each has on average at least, as far as the fewest bins allow. */
const BINS = { fewest: 4, most: 20, ranks: 5 } as const;
/** Standard deviations around the mean of a normal number that hold 99 %. */
const WITHIN = 2.576;
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
  run: RunSimulator,
  { simulations = 1000, draws = 100, seed = 0, mostFailures = MOST_FAILURES }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const { size } = prior;
  // another stream than that of the simulations to train on
  const { parameters, observations, observationSize, count, failures } = await simulateAll(
    prior,
    run,
    simulations,
    { seed: seed + 2 ** 31, mostFailures },
  );
  if (count === 0)
    throw new DataError(`diagnose: each of ${simulations} simulations failed: nothing is left to judge by`);
  const asked = rowsIn(observations, observationSize);
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
    const theta = rowOf(parameters, i, size);
    const own = Array.from({ length: draws }, (_, j) => rowOf(drawn, i * draws + j, size));
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
    failures,
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

/** @param ranks whole numbers, 0 to `draws` */
function rankTest(ranks: readonly number[], draws: number): RankTest {
  const wanted = Math.max(BINS.fewest, Math.min(BINS.most, Math.floor(ranks.length / BINS.ranks)));
  const bins = Math.min(wanted, draws + 1);
  const counts = new Array<number>(bins).fill(0);
  // draws + 1 ranks over the bins: each bin has its own expected share
  const shares = new Array<number>(bins).fill(0);
  const binOf = (rank: number): number => Math.min(Math.floor((rank * bins) / (draws + 1)), bins - 1);
  for (let rank = 0; rank <= draws; rank++) shares[binOf(rank)]! += 1 / (draws + 1);
  for (const rank of ranks) counts[binOf(rank)]!++;
  const chi2 = counts.reduce((sum, found, k) => {
    const expected = ranks.length * (shares[k] as number);
    return sum + (found - expected) ** 2 / expected;
  }, 0);
  const mean = ranks.length / bins;
  const half = WITHIN * Math.sqrt(mean * (1 - 1 / bins));
  return { ranks, counts, band: [Math.max(mean - half, 0), mean + half], p: chiSquaredTail(chi2, bins - 1) };
}
