import { valueAt } from "../places.js";
import { type Baseline, baselineDraws, baselinePredictions } from "../regression/baseline.js";
import { outwardness } from "../regression/conformal.js";
import { AT_ONCE, POINTS, type Predicted, predictRows } from "../regression/predicted.js";
import { Predictive } from "../regression/predictive.js";
import { Regression } from "../regression/regression.js";
import { type Scores, scoresOf } from "../regression/scores.js";
import { pickColumns, type TableRegression } from "../regression/table-regression.js";
import { rowsIn, takeRows } from "../rows.js";
import { type Ahead, evaluateAhead } from "../series/ahead.js";
import type { LagBaseline, SeriesRows } from "../series/series.js";
import { likeliest, meanOf } from "../statistics.js";

/** Of a later column, a logistic regression that sees the true values of those before has no accuracy. */
type ClassScores = Readonly<{ logProb: number; accuracy?: number }>;

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
  /** Of names. */
  classes?: ClassScores & Readonly<{ baseline: ClassScores; logistic?: ClassScores }>;
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
            ...ofClasses(own as Float64Array[], values, logProb, {
              ...plain,
              usual: likeliest(baseline.shares),
              logistic: await logisticRows(
                valueAt(model.models, model.targets.indexOf(target)).value,
                condition,
              ),
              isFirst: target === model.targets[0],
            }),
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

/** The probabilities of a logistic regression in each row, if there is one beside the flows. */
async function logisticRows({ simple, kind }: Regression, condition: Float32Array) {
  const found = simple.find(({ name }) => name === "logistic");
  if (!found) return undefined;
  const alone = new Regression([found.model], { kind, executor: found.model.executor });
  return rowsIn(await alone.probabilitiesFlat(condition), kind.classes ?? 1);
}

function ofClasses(
  own: readonly Float64Array[],
  values: Float32Array,
  logProb: readonly number[],
  beside: Plain & Readonly<{ usual: number; logistic: Float64Array[] | undefined; isFirst: boolean }>,
) {
  const { usual, logistic, isFirst } = beside;
  const probabilityAt = (all: Float64Array, k: number): number => all[valueAt(values, k)] ?? 0;
  const accuracyOf = (all: readonly Float64Array[]): number =>
    meanOf(all.map((probabilities, k) => Number(likeliest(probabilities) === values[k])));
  return {
    classes: {
      logProb: meanOf(logProb),
      accuracy: accuracyOf(own),
      baseline: {
        logProb: meanOf(beside.logProb),
        accuracy: meanOf(Array.from(values, (value) => Number(value === usual))),
      },
      ...(logistic && {
        logistic: {
          logProb: meanOf(logistic.map((all, k) => Math.log(probabilityAt(all, k)))),
          ...(isFirst && { accuracy: accuracyOf(logistic) }),
        },
      }),
    },
    outwardness: own.map((probabilities, k) => 1 - probabilityAt(probabilities, k)),
  };
}
