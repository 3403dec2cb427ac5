import { type Baseline, baselinePredictions } from "../regression/baseline.js";
import { conformalLimit, fewestFor, outwardness } from "../regression/conformal.js";
import { Predictive } from "../regression/predictive.js";
import { type Scores, scoresOf } from "../regression/scores.js";
import { pickColumns, type TableRegression } from "../regression/table-regression.js";
import { type Ahead, evaluateAhead } from "../series/ahead.js";
import type { LagBaseline, SeriesRows } from "../series/series.js";
import { meanOf } from "../statistics.js";
import { takeRows } from "../tables/flow-rows.js";

/** Equally likely values of a prediction. */
const POINTS = 256;

/** Rows that are predicted at once. */
export const AT_ONCE = 256;

/** What held-out rows say of a column: how far out each of its values lay, by which intervals are made. */
export type HeldOut = Readonly<{ outwardness: readonly number[] }>;

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
  /** Of classes. */
  classes?: Readonly<{ logProb: number; accuracy: number; baseline: { logProb: number; accuracy: number } }>;
  /** log p of each value, in the order of the rows. */
  logs: readonly number[];
  /** The same for how far out it lies: for classes 1 − p of the value. */
  outwardness: readonly number[];
}>;

/** The predictions of one column for some rows: of numbers distributions, of classes probabilities [n · classes]. */
export type Predicted = Readonly<{ distributions: readonly Predictive[]; probabilities: Float64Array }>;

/** What a column is compared with. */
export type TargetBaselines = Readonly<{ baseline: Baseline; lagBaselines?: readonly LagBaseline[] }>;

/** Predictions of all targets for encoded rows [n, width]. */
export async function predictRows(
  model: TableRegression,
  rows: Float32Array,
  seed: number,
): Promise<Predicted[]> {
  const drawn = await model.draws(rows, POINTS, seed);
  const out: Predicted[] = [];
  for (const [t, { kind }] of model.targets.entries()) {
    const own = drawn[t] as Float64Array;
    const count = own.length / POINTS;
    out.push(
      kind.classes === undefined
        ? {
            distributions: Array.from(
              { length: count },
              (_, i) => new Predictive(own.subarray(i * POINTS, (i + 1) * POINTS)),
            ),
            probabilities: new Float64Array(),
          }
        : { distributions: [], probabilities: await model.probabilities(rows, t, own, POINTS) },
    );
  }
  return out;
}

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
  series?: SeriesRows,
): Promise<TargetEvaluation[]> {
  const ahead =
    series &&
    (await evaluateAhead(
      model,
      series,
      baselines.map(({ lagBaselines = [] }) => lagBaselines),
      seed,
    ));
  const found = model.targets.map((target, t) => ({
    target,
    ...(baselines[t] as TargetBaselines),
    ahead: ahead?.[t],
    logs: [] as number[],
    predicted: [] as (Predictive | Float64Array)[],
  }));
  for (const block of blocksOf(rows, width)) {
    const [logs, predicted] = [await model.logProb(block), await predictRows(model, block, seed)];
    for (const [t, own] of found.entries()) {
      own.logs.push(...(logs[t] ?? []));
      const { distributions, probabilities } = predicted[t] as Predicted;
      own.predicted.push(...distributions);
      const { classes = 1 } = own.target.kind;
      for (let i = 0; i < probabilities.length; i += classes)
        own.predicted.push(probabilities.subarray(i, i + classes));
    }
  }
  return Promise.all(
    found.map(async ({ target, baseline, lagBaselines = [], ahead: forecasts, logs, predicted }) => {
      const every = pickColumns(rows, width, [target.place]);
      const known = [...every.keys()].filter((i) => !Number.isNaN(every[i]));
      const condition = await target.features.of(
        takeRows(pickColumns(rows, width, target.from), target.from.length, known),
      );
      const values = takeRows(every, 1, known);
      const logProb = known.map((i) => logs[i] as number);
      const plainOf = (each: Baseline) => baselinePredictions(target, each, values, condition, POINTS);
      const plain = plainOf(baseline);
      const { name, kind } = target;
      const facts = {
        name,
        measure: kind.step === undefined && kind.classes === undefined ? "density" : "probability",
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

/** The place of the largest number. */
export const likeliest = (probabilities: ArrayLike<number>): number => {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++)
    if ((probabilities[k] as number) > (probabilities[best] as number)) best = k;
  return best;
};

/** Outwardness that a new value has at most with this probability; undefined where there are too few held-out rows. */
export function limitOf({ outwardness: heldOut }: HeldOut, level: number): number | undefined {
  return heldOut.length < fewestFor(level) ? undefined : conformalLimit(Float64Array.from(heldOut), level);
}
