import type { TableOrder } from "../data/table/schema.js";
import type { FanPanel } from "../pictures/fan-chart.js";
import { gaussianPredictive } from "../regression/linear-gaussian.js";
import { Predictive } from "../regression/predictive.js";
import { type Scores, scoresOf } from "../regression/scores.js";
import { type TableRegression, type TargetInTable, widthOf } from "../regression/table-regression.js";
import { takeRows } from "../rows.js";
import { fillOf } from "../tables/columns/number.js";
import { samplePaths } from "./paths.js";
import { backOf, type LagBaseline, type SeriesRows, valuesOf } from "./series.js";

/** Paths of a forecast, and held-out rows from which on forecasts are made, at most. */
const PATHS = 128;
const ORIGINS = 48;

/** How good forecasts of all rows up to the horizon were. Their `logProb` is NaN: the density of a path is that of its steps. */
export type Ahead = Readonly<{
  horizon: number;
  /** Rows from which on forecasts were made. */
  origins: number;
  scores: Scores;
  baselines: readonly Readonly<{ name: string; scores: Scores }>[];
  /** The last of them. */
  example: FanPanel;
}>;

/** Rows of the past in a picture, for one that is forecast, and at least. */
const PAST = { each: 3, least: 24 } as const;

/** A panel of the rows up to `last`, and what may come after it. */
export function panelOf(
  model: TableRegression,
  { name, place, column: { origin = 0 } }: TargetInTable,
  { encoded, times }: Pick<SeriesRows, "encoded" | "times">,
  last: number,
  ahead: readonly Readonly<{ time: number; predictive: Predictive }>[],
): FanPanel {
  const width = widthOf(model.prediction);
  const first = Math.max(0, last + 1 - Math.max(PAST.each * ahead.length, PAST.least));
  const line = (from: number, to: number) =>
    times.slice(from, to).map((time, i) => ({
      time,
      value: (encoded[(from + i) * width + place] ?? Number.NaN) + origin,
    }));
  return {
    name,
    past: line(first, last + 1),
    ahead: ahead.map(({ time, predictive }) => ({ time, quantile: (p) => predictive.quantile(p) + origin })),
    actual: line(last, last + 1 + ahead.length),
  };
}

/** Rows from which on all rows up to the horizon are held out, known, and follow without a gap: at most so many, evenly. */
function originsOf({ stretches, firstTest }: SeriesRows, horizon: number): number[] {
  const all: number[] = [];
  for (let row = Math.max(firstTest - 1, 0); row + horizon < stretches.length; row++)
    if (stretches[row] === stretches[row + horizon]) all.push(row);
  const count = Math.min(all.length, ORIGINS);
  return Array.from(
    { length: count },
    (_, i) => all[count === 1 ? 0 : Math.round((i * (all.length - 1)) / (count - 1))] as number,
  );
}

/** Forecasts of held-out rows, of each target; undefined for names, and where no such stretch of rows is long enough. */
export async function evaluateAhead(
  model: TableRegression,
  series: SeriesRows,
  baselines: readonly (readonly LagBaseline[])[],
  seed: number,
): Promise<(Ahead | undefined)[]> {
  const { horizon } = model.prediction.schema.order as TableOrder;
  const origins = originsOf(series, horizon);
  if (origins.length === 0) return model.targets.map(() => undefined);
  const paths = await samplePaths(
    model,
    takeRows(series.encoded, widthOf(model.prediction), origins),
    origins.map((row) => series.times[row] as number),
    { paths: PATHS, seed },
  );
  const cells = origins.flatMap((row, o) => Array.from({ length: horizon }, (_, h) => ({ row, o, h })));
  return model.targets.map((target, t) => {
    if (target.kind.classes !== undefined) return undefined;
    const valueAt = valuesOf(model.prediction, target, series);
    const fill = fillOf(target.column);
    const pastAt = (row: number, back: number): number => {
      const value = valueAt(row, back);
      return Number.isNaN(value) ? fill : value;
    };
    const known = cells.filter(({ row, h }) => !Number.isNaN(valueAt(row + h + 1, 0)));
    const values = known.map(({ row, h }) => valueAt(row + h + 1, 0));
    const scored = (of: (cell: (typeof cells)[number]) => Predictive): Scores =>
      scoresOf(known.map(of), values, [Number.NaN]);
    const drawn = paths[t] as Float64Array;
    const predictive = (o: number, h: number): Predictive =>
      new Predictive(Array.from({ length: PATHS }, (_, k) => drawn[(o * PATHS + k) * horizon + h] as number));
    const last = origins.at(-1) as number;
    return {
      horizon,
      origins: origins.length,
      scores: scored(({ o, h }) => predictive(o, h)),
      example: panelOf(
        model,
        target,
        series,
        last,
        Array.from({ length: horizon }, (_, h) => ({
          time: series.times[last + h + 1] as number,
          predictive: predictive(origins.length - 1, h),
        })),
      ),
      baselines: (baselines[t] ?? []).map(({ name, lag, spreads }) => ({
        name,
        scores: scored(({ row, h }) =>
          gaussianPredictive(pastAt(row, backOf(lag, h + 1)), spreads[h] as number, PATHS),
        ),
      })),
    };
  });
}
