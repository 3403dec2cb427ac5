import { valueAt } from "../places.js";
import { type Baseline, baselineDraws, baselinePredictions } from "../regression/baseline.js";
import { outwardness } from "../regression/conformal.js";
import { AT_ONCE, POINTS, type Predicted, predictRows } from "../regression/predicted.js";
import { Predictive } from "../regression/predictive.js";
import { type Scores, scoresOf } from "../regression/scores.js";
import { pickColumns, type TableRegression } from "../regression/table-regression.js";
import { rowsIn, takeRows } from "../rows.js";
import { type Ahead, evaluateAhead } from "../series/ahead.js";
import type { LagBaseline, SeriesRows } from "../series/series.js";
import { likeliest, meanOf } from "../statistics.js";

/** How good the predictions of a column were, and those of its baseline. */
export type TargetEvaluation = Readonly<{
  name: string;
  /** `density` per unit of the column, or `probability`. */
  measure: "density" | "probability";
  rows: number;
  /** Of numbers. */
  scores?: Scores;
  baseline?: Scores;
  /** Values of the past, where rows follow each other in time. */
  lagBaselines?: readonly Readonly<{ name: string; scores: Scores }>[];
  /** Forecasts up to the horizon. */
  ahead?: Ahead;
  classes?: Readonly<{ logProb: number; accuracy: number; baseline: { logProb: number; accuracy: number } }>;
  /** log p of each value, in the order of the rows. */
  logs: readonly number[];
  /** The same for how far out it lies: for classes 1 − p of the value. */
  outwardness: readonly number[];
}>;

/** What a column is compared with. */
export type TargetBaselines = Readonly<{ baseline: Baseline; lagBaselines?: readonly LagBaseline[] }>;

/** Some rows of [n, width], a block at a time. */
function* blocksOf(rows: Float32Array, width: number): Generator<Float32Array> {
  for (let from = 0; from < rows.length; from += AT_ONCE * width)
    yield rows.subarray(from, Math.min(rows.length, from + AT_ONCE * width));
}

/** Scores of the predictions of encoded rows [n, width] whose targets are known. Rows without a value are left out, column by column. */
export async function evaluateRows(
  model: TableRegression,
  baselines: readonly TargetBaselines[],
  rows: Float32Array,
  width: number,
  seed = 0,
  series: readonly SeriesRows[] = [],
): Promise<TargetEvaluation[]> {
  const lagged = baselines.map(({ lagBaselines = [] }) => lagBaselines);
  const ahead = series.length > 0 ? await evaluateAhead(model, series, lagged, seed) : [];
  const found = model.targets.map((target, t) => ({
    target,
    ...(baselines[t] as TargetBaselines),
    ahead: ahead[t],
    logs: [] as number[],
    predicted: [] as Predicted[],
    /** Of later targets: what their baseline predicts without the true values of those before. */
    plain: [] as Predictive[],
  }));
  const plainOfAll = baselines.map(({ baseline }) => baseline);
  for (const block of blocksOf(rows, width)) {
    const [logs, predicted] = [await model.logProb(block), await predictRows(model, block, seed)];
    const plain =
      found.length > 1 ? await baselineDraws(model.targets, plainOfAll, block, width, POINTS) : [];
    for (const [t, own] of found.entries()) {
      own.logs.push(...(logs[t] ?? []));
      own.predicted.push(...valueAt(predicted, t));
      if (t > 0)
        own.plain.push(...rowsIn(plain[t] as Float64Array, POINTS).map((each) => new Predictive(each)));
    }
  }
  return Promise.all(
    found.map(async ({ target, baseline, lagBaselines = [], ahead: forecasts, logs, predicted, ...each }) => {
      const every = pickColumns(rows, width, [target.place]);
      const known = [...every.keys()].filter((i) => !Number.isNaN(every[i]));
      const condition = await target.features.of(
        takeRows(pickColumns(rows, width, target.from), target.from.length, known),
      );
      const values = takeRows(every, 1, known);
      const logProb = known.map((i) => logs[i] as number);
      const plainOf = (each: Baseline) => baselinePredictions(target, each, values, condition, POINTS);
      const withTruth = plainOf(baseline);
      const plain =
        each.plain.length === 0
          ? withTruth
          : { ...withTruth, predictions: known.map((i) => valueAt(each.plain, i)) };
      const { name, kind } = target;
      const facts = {
        name,
        measure:
          kind.step === undefined && kind.classes === undefined && target.grid < 0
            ? "density"
            : "probability",
        rows: known.length,
        logs: logProb,
      } as const;
      const own = known.map((i) => predicted[i]);
      return kind.classes === undefined
        ? {
            ...facts,
            ...ofNumbers(own as Predictive[], values, logProb, plain),
            ...(lagBaselines.length > 0 && {
              lagBaselines: lagBaselines.map((each) => {
                const { predictions, logProb: logs_ } = plainOf(each);
                return { name: each.name, scores: scoresOf(predictions, values, logs_) };
              }),
            }),
            ...(forecasts && { ahead: forecasts }),
          }
        : {
            ...facts,
            ...ofClasses(own as Float64Array[], values, logProb, plain, likeliest(baseline.shares)),
          };
    }),
  );
}

type Plain = ReturnType<typeof baselinePredictions>;

const ofNumbers = (
  own: readonly Predictive[],
  values: Float32Array,
  logProb: readonly number[],
  plain: Plain,
) => ({
  scores: scoresOf(own, values, logProb),
  baseline: scoresOf(plain.predictions, values, plain.logProb),
  outwardness: own.map((prediction, k) => outwardness(prediction, values[k] as number)),
});

const ofClasses = (
  own: readonly Float64Array[],
  values: Float32Array,
  logProb: readonly number[],
  plain: Plain,
  usual: number,
) => ({
  classes: {
    logProb: meanOf(logProb),
    accuracy: meanOf(own.map((probabilities, k) => Number(likeliest(probabilities) === values[k]))),
    baseline: {
      logProb: meanOf(plain.logProb),
      accuracy: meanOf(Array.from(values, (value) => Number(value === usual))),
    },
  },
  outwardness: own.map((probabilities, k) => 1 - (probabilities[values[k] as number] ?? 0)),
});
