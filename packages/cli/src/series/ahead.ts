import { joined } from "@flowify/core/internal";
import type { TableOrder } from "../data/table/schema.js";
import { fromUnits } from "../data/table/series-units.js";
import type { FanPanel } from "../pictures/fan-chart.js";
import { valueAt } from "../places.js";
import { gaussianPredictive } from "../regression/linear-gaussian.js";
import { Predictive } from "../regression/predictive.js";
import { type Scores, scoresOf } from "../regression/scores.js";
import { type TableRegression, type TargetInTable, widthOf } from "../regression/table-regression.js";
import { rowOf } from "../rows.js";
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

export const orderOf = ({ prediction }: TableRegression): TableOrder => prediction.schema.order as TableOrder;

/** Rows of the past in a picture, for one that is forecast, and at least. */
const PAST = { each: 3, least: 24 } as const;

/** A panel of the rows up to `last`, and what may come after it. */
export function panelOf(
  model: TableRegression,
  { name, place, column: { origin = 0 } }: TargetInTable,
  { encoded, times, series }: SeriesRows,
  last: number,
  ahead: readonly Readonly<{ time: number; predictive: Predictive }>[],
): FanPanel {
  const width = widthOf(model.prediction);
  const natural = fromUnits(orderOf(model), series, name);
  const shown = (value: number): number => natural(value) + origin;
  const first = Math.max(0, last + 1 - Math.max(PAST.each * ahead.length, PAST.least));
  const line = (from: number, to: number) =>
    times.slice(from, to).map((time, i) => ({
      time,
      value: shown(encoded[(from + i) * width + place] ?? Number.NaN),
    }));
  return {
    name: series.name === "" ? name : `${name}, ${series.name}`,
    past: line(first, last + 1),
    ahead: ahead.map(({ time, predictive }) => ({ time, quantile: (p) => shown(predictive.quantile(p)) })),
    actual: line(last, last + 1 + ahead.length),
  };
}

/** Rows from which on all rows up to the horizon are held out, known, and follow without a gap: at most so many, evenly. */
function originsOf(series: readonly SeriesRows[], horizon: number): { of: number; row: number }[] {
  const all = series.flatMap(({ stretches, firstTest }, of) =>
    [...stretches.keys()].flatMap((row) =>
      row >= firstTest - 1 && stretches[row] === stretches[row + horizon] ? [{ of, row }] : [],
    ),
  );
  const count = Math.min(all.length, ORIGINS);
  return Array.from({ length: count }, (_, i) =>
    valueAt(all, count === 1 ? 0 : Math.round((i * (all.length - 1)) / (count - 1))),
  );
}

/** Forecasts of held-out rows, of each target; undefined for names, and where no such stretch of rows is long enough. */
export async function evaluateAhead(
  model: TableRegression,
  series: readonly SeriesRows[],
  baselines: readonly (readonly LagBaseline[])[],
  seed: number,
): Promise<(Ahead | undefined)[]> {
  const { horizon } = orderOf(model);
  const width = widthOf(model.prediction);
  const origins = originsOf(series, horizon);
  if (origins.length === 0) return model.targets.map(() => undefined);
  const paths = await samplePaths(
    model,
    joined(origins.map(({ of, row }) => rowOf(valueAt(series, of).encoded, row, width))),
    origins.map(({ of, row }) => valueAt(valueAt(series, of).times, row)),
    { paths: PATHS, seed },
  );
  const cells = origins.flatMap(({ of, row }, o) =>
    Array.from({ length: horizon }, (_, h) => ({ of, row, o, h })),
  );
  return model.targets.map((target, t) => {
    if (target.kind.classes !== undefined) return undefined;
    const readers = series.map((own) => valuesOf(model.prediction, target, own));
    const fill = fillOf(target.column);
    const pastAt = (of: number, row: number, back: number): number => {
      const value = valueAt(readers, of)(row, back);
      return Number.isNaN(value) ? fill : value;
    };
    const cameAt = ({ of, row, h }: (typeof cells)[number]): number => valueAt(readers, of)(row + h + 1, 0);
    const known = cells.filter((cell) => !Number.isNaN(cameAt(cell)));
    const values = known.map(cameAt);
    const scored = (of: (cell: (typeof cells)[number]) => Predictive): Scores =>
      scoresOf(known.map(of), values, [Number.NaN]);
    const drawn = paths[t] as Float64Array;
    const predictive = (o: number, h: number): Predictive =>
      new Predictive(Array.from({ length: PATHS }, (_, k) => drawn[(o * PATHS + k) * horizon + h] as number));
    const last = origins.at(-1) as (typeof origins)[number];
    const own = valueAt(series, last.of);
    return {
      horizon,
      origins: origins.length,
      scores: scored(({ o, h }) => predictive(o, h)),
      example: panelOf(
        model,
        target,
        own,
        last.row,
        Array.from({ length: horizon }, (_, h) => ({
          time: valueAt(own.times, last.row + h + 1),
          predictive: predictive(origins.length - 1, h),
        })),
      ),
      baselines: (baselines[t] ?? []).map(({ name, lag, spreads }) => ({
        name,
        scores: scored(({ of, row, h }) =>
          gaussianPredictive(pastAt(of, row, backOf(lag, h + 1)), spreads[h] as number, PATHS),
        ),
      })),
    };
  });
}
