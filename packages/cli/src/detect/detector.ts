import type { Executor } from "@flowify/core";
import { combineScores, type ScorePair } from "./combine.js";
import { flowScores } from "./flow-scores.js";
import { type NeighbourOptions, neighbourScores } from "./neighbours.js";
import { meanSpace, rankNormalSpace, robustSpace, type Space, standardSpace } from "./spaces.js";

/** Scores of rows, a number each: high for rows that are unlike the training rows. */
export type DetectorScores = Readonly<
  Record<"flow" | "neighbours" | "kernels" | "combination", Float64Array>
>;

export type DetectorOptions = Readonly<{
  /** Which neighbour's distance is the score `neighbours`. Default 5. */
  k?: number;
  /** Standard deviation of the kernels. Default 0.2. */
  bandwidth?: number;
  /** Decides the training of the flow. Default 0. */
  seed?: number;
  /** Training steps of the flow. Default 400. */
  steps?: number;
}>;

/**
 * Detectors of rows that are unlike the training rows, fitted without labels. `flow`: −log p. `neighbours`: the distance to
 * the k-th one, of standardized columns. `kernels`: kernel densities in the robust space and in its mean with the rank-normal
 * one. `combination`, the default detector: flow and both kernels, each standardized over the training rows, summed.
 *
 * @param training rows [m, width], of m > k
 * @param rows rows [n, width] to be judged
 * @throws UsageError where there are too few training rows
 */
export async function detectorScores(
  executor: Executor,
  training: Float32Array,
  rows: Float32Array,
  width: number,
  { k = 5, bandwidth = 0.2, seed = 0, steps = 400 }: DetectorOptions = {},
): Promise<DetectorScores> {
  const standard = standardSpace(training, width);
  const robust = robustSpace(training, width);
  const mixed = meanSpace(robust, rankNormalSpace(training, width));
  const options = { k, bandwidth };
  const near = async (space: Space, own: boolean) => {
    const learnt = space(training);
    const judged = own ? learnt : space(rows);
    const more: NeighbourOptions = { ...options, leaveOneOut: own };
    return neighbourScores(executor, learnt, judged, width, more);
  };
  const kernelsIn = async (space: Space): Promise<ScorePair> => ({
    training: (await near(space, true)).kernel,
    rows: (await near(space, false)).kernel,
  });
  const neighbours = (await near(standard, false)).distance;
  const kernels = [await kernelsIn(robust), await kernelsIn(mixed)];
  const flow = await flowScores(executor, standard, training, rows, width, { seed, steps });
  return {
    flow: Float64Array.from(flow.rows),
    neighbours,
    kernels: combineScores(kernels),
    combination: combineScores([flow, ...kernels]),
  };
}
