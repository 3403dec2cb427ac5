import { type Executor, FlowModel, flow, HostArray } from "@flowify/core";
import { stackedWeights } from "@flowify/core/internal";
import { conditionalAffine } from "@flowify/core/layers";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { meanWithError } from "../statistics.js";
import { gaussianLog, type LinearGaussian, linearGaussian, linearMean } from "./linear-gaussian.js";
import type { splitOf, ValueKind } from "./network.js";

/**
 * Simple distributions that flows are mixed with: Gaussians with a linear mean, or with none. `shares` is the weight of all
 * flows together, then that of each Gaussian.
 */
export type Lines = Readonly<{ shares: readonly number[]; gaussians: readonly LinearGaussian[] }>;

/** A smaller weight is none: the Gaussian is left out. */
const LEAST_SHARE = 0.01;

/** Flows whose held-out examples are compared with Gaussians, and examples that Gaussians are fitted to or judged by, at most. */
const FOLDS = 5;
const MOST_EXAMPLES = 5000;

/** Examples, one after another: what is given of each [n, width], and its value. */
export type Examples = Readonly<{ condition: Float32Array; width: number; values: Float32Array }>;

export const among = ({ condition, width, values }: Examples, places: ArrayLike<number>): Examples => ({
  width,
  condition: takeRows(condition, width, places),
  values: takeRows(values, 1, places),
});

/** The examples, or so many of them that lie evenly in their order, for tables are often sorted. */
function some(examples: Examples): Examples {
  const count = examples.values.length;
  const taken = Math.min(count, MOST_EXAMPLES);
  return among(
    examples,
    Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken)),
  );
}

/** log p of each value. */
const gaussianLogs = (
  line: LinearGaussian,
  { condition, width, values }: Examples,
  step?: number,
): number[] =>
  Array.from(values, (value, i) =>
    gaussianLog(value, linearMean(line, rowOf(condition, i, width)), line.std, step),
  );

/** A linear mean, and a constant one. */
function gaussiansOf({ condition, width, values }: Examples): LinearGaussian[] {
  const none = new Float32Array(values.length * width);
  return [linearGaussian(condition, width, values), linearGaussian(none, width, values)];
}

/**
 * Weighs flows against Gaussians by expectation maximization over the examples that each flow held out; Gaussians are fitted
 * to the others for that. Flows ended their training where these examples were likeliest, so a gain over a line of
 * less than two standard errors counts as one standard error less. Source: Smyth and Wolpert 1999 (stacked density estimation); Breiman et al. 1984 (the
 * rule of one standard error).
 *
 * @param logProb log p by flow k
 */
export async function weighLines(
  { step }: ValueKind,
  examples: Examples,
  splits: readonly ReturnType<typeof splitOf>[],
  logProb: (k: number, held: Examples) => Promise<Float64Array>,
): Promise<Lines> {
  const logs: number[] = [];
  for (const [k, { train, held }] of splits.slice(0, FOLDS).entries()) {
    const judged = some(among(examples, held));
    const own = gaussiansOf(some(among(examples, train)));
    const each = [await logProb(k, judged), ...own.map((line) => gaussianLogs(line, judged, step))];
    for (let i = 0; i < judged.values.length; i++) logs.push(...each.map((log) => log[i] as number));
  }
  const gaussians = gaussiansOf(some(examples));
  const each = 1 + gaussians.length;
  const gains = logs.flatMap((log, at) => (at % each === 0 ? [log - valueAt(logs, at + 1)] : []));
  const { mean, stdErr } = meanWithError(gains);
  // most rows are judged twice
  const chance = mean < 2 * Math.SQRT2 * stdErr ? Math.SQRT2 * stdErr : 0;
  const found = stackedWeights(
    logs.map((log, at) => (at % each === 0 ? log - chance : log)),
    each,
  );
  const kept = gaussians.filter((_, i) => (found[1 + i] as number) >= LEAST_SHARE);
  const shares = found.filter((share, i) => i === 0 || share >= LEAST_SHARE);
  const all = shares.reduce((a, b) => a + b, 0);
  return { gaussians: kept, shares: shares.map((share) => share / all) };
}

/** Parts of a series that lines are judged by: each by the rows before it alone. */
const PARTS = 5;

/**
 * Whether the level of a series, feature `level`, says anything of its next step: lines that see it must be better than lines
 * that do not, by two standard errors on later stretches. It says nothing of a random walk, and whoever learned from it is lost
 * at new levels.
 */
export function levelSays(examples: Examples, level: number): boolean {
  const { condition, width, values } = examples;
  const blind = { ...examples, condition: withoutFeature(condition, width, level) };
  const length = Math.floor(values.length / (2 * PARTS));
  const stretch = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const gains: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    const from = values.length - (PARTS - part) * length;
    const train = stretch(Math.max(0, from - MOST_EXAMPLES), from);
    const judged = among(examples, stretch(from, from + length));
    const [seeing, blinded] = [examples, blind].map((all) => {
      const { condition, values } = among(all, train);
      return gaussianLogs(linearGaussian(condition, width, values), judged);
    }) as [number[], number[]];
    gains.push(...seeing.map((log, i) => log - (blinded[i] as number)));
  }
  const { mean, stdErr } = meanWithError(gains);
  return mean > 2 * stdErr;
}

/** Rows [n, width] in which a feature is the same everywhere: nothing is learned from it. */
export const withoutFeature = (rows: Float32Array, width: number, feature: number): Float32Array =>
  rows.map((value, i) => (i % width === feature ? 0 : value));

/** A flow has e to at most so much as its scale. */
const LIMIT = 80;

/** The flow of a Gaussian, behind the noise that spreads values over their cells, if any. */
export function lineFlow(
  { level, slope, middle, spread, std }: LinearGaussian,
  noise: FlowModel | undefined,
  executor: Executor,
): FlowModel {
  const width = slope.length;
  const line = conditionalAffine([1], width, { hidden: 0, limit: LIMIT });
  const weight = slope.map((each, k) => each / (spread[k] ?? Number.POSITIVE_INFINITY));
  const mean = weight.reduce((sum, each, k) => sum - each * (middle[k] as number), level);
  const logScale = LIMIT * Math.atanh(Math.log(std) / LIMIT);
  const array = (numbers: readonly number[], shape: readonly number[]) =>
    new HostArray(Float32Array.from(numbers), shape, np.float32);
  const own = {
    weight: array([...weight, ...weight.map(() => 0)], [2, width]),
    bias: array([mean, logScale], [2]),
  };
  const layers = [...(noise?.flow.chain.layers ?? []), line];
  // behind the parameters of the layer stand those of the embedding
  const before = (noise?.params ?? []) as readonly JsTree<HostArray>[];
  const params = [...before.slice(0, layers.length - 1), [own]] as JsTree<HostArray>[];
  return new FlowModel(flow(layers), params, executor);
}
