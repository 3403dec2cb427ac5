import { DataError, UsageError } from "@flowify/core";
import type { TableSeries } from "../data/table/block.js";
import { cellReader } from "../data/table/cell.js";
import { findOrder, withOrder } from "../data/table/find-order.js";
import { lagName, namesOfOrder } from "../data/table/ordered-table.js";
import type { TableOrder, TableSchema } from "../data/table/schema.js";
import type { Table } from "../data/table/table.js";
import { stretchesOf } from "../data/table/time-steps.js";
import { valueAt, valuesAt } from "../places.js";
import { type Baseline, lagBaseline } from "../regression/baseline.js";
import { columnNamed, expectNames, type Prediction } from "../regression/columns.js";
import { featureOf } from "../regression/features.js";
import { pickColumns, rowsOfPart, type TargetInTable, widthOf } from "../regression/table-regression.js";
import { placesOf, rowOf, takeRows } from "../rows.js";
import type { TrainFlags } from "../settings.js";
import { meanOf } from "../statistics.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { fillOf } from "../tables/columns/number.js";
import type { TableRows } from "../tables/read-rows.js";

const LAGS = 24;
/** Rows to train on, at least. */
const FEWEST = 20;

type SeriesFlags = Pick<TrainFlags, "predict" | "given" | "lags" | "horizon" | "series"> &
  Readonly<{ time: string }>;

/**
 * The next row of a table given the last ones: the columns that go on are those of --predict and of --given, by default all.
 *
 * @throws those of `findOrder` and of `expectNames`
 */
export async function seriesOf(
  path: string,
  table: Table,
  found: TableSchema,
  { time, series = [], predict, given, lags = LAGS, horizon = lags }: SeriesFlags,
): Promise<Prediction> {
  const named = predict ?? [];
  expectNames(path, found, named, given);
  for (const [i, name] of series.entries()) {
    if (series.indexOf(name) < i)
      throw new UsageError(`--series names ${JSON.stringify(name)} twice\nname it once`);
    if ([time, ...named, ...(given ?? [])].includes(name))
      throw new UsageError(
        `--series: ${JSON.stringify(name)} is ${name === time ? "the time" : "a column to learn"}, expected a column that names the series of a row\nname another column`,
      );
  }
  const all = found.columns.filter(
    ({ use, name }) => use === "model" && name !== time && !series.includes(name),
  );
  const columns = predict ? [...named, ...(given ?? [])] : (given ?? all.map(({ name }) => name));
  if (columns.length === 0)
    throw new DataError(
      `${path}: no column but the time ${JSON.stringify(time)} is left to learn from\nexpected at least one other column of numbers, dates or categories that varies`,
    );
  const order = await findOrder(path, table, found, { time, series, columns, lags, horizon });
  const schema = withOrder(found, order);
  // a key that is the same everywhere says nothing
  const keys = series.filter((name) => columnNamed(schema, name).distinct > 1);
  return { schema, predict: columns, given: [...namesOfOrder(order), ...keys] };
}

/** @throws DataError where too few rows are left to train on, before those that are held out */
export function expectLags(path: string, { lags, horizon }: TableOrder, train: number): void {
  if (train >= FEWEST) return;
  throw new DataError(
    `${path}: ${train} rows to train on have ${lags} rows without a gap before them and ${horizon} behind them, expected at least ${FEWEST}\nchoose fewer --lags or a shorter --horizon, or add rows`,
  );
}

/** All rows of a series in their order, those without a value to predict too. */
export type SeriesRows = Readonly<{
  series: TableSeries;
  encoded: Float32Array;
  times: readonly number[];
  /** Rows that follow each other without a gap have the same number. */
  stretches: Int32Array;
  /** The place of the first row that is held out. */
  firstTest: number;
}>;

/** The rows of a table, series by series; of another one than that of training all are held out. */
export function seriesRows(
  prediction: Prediction,
  { encoded, rowNames, series: all }: Pick<TableRows, "encoded" | "rowNames" | "series">,
  isOther = false,
): SeriesRows[] {
  const { order } = prediction.schema;
  if (!order) return [];
  const test = new Set(isOther ? rowNames.keys() : rowsOfPart(prediction, encoded, "test").places);
  return [...placesOf(all)].map(([series, places]) => {
    const times = valuesAt(rowNames, places).map(timeOf);
    const first = places.findIndex((place) => test.has(place));
    return {
      series,
      encoded: takeRows(encoded, widthOf(prediction), places),
      times,
      stretches: stretchesOf(order, times),
      firstTest: first < 0 ? times.length : first,
    };
  });
}

const reader = cellReader();
/** The time that a row is called by. */
export const timeOf = (name: string): number => {
  reader.read(name);
  return reader.value;
};

/**
 * The lag of a season: a period of the calendar where the lags cover one. Else it is the best lag at which the series comes closer to
 * itself than a row earlier or later, if any. `errors` say how far values are from those each lag ago.
 */
export function seasonOf(
  { periods, step, lags }: Pick<TableOrder, "periods" | "step" | "lags">,
  errors: readonly number[],
): number | undefined {
  const errorAt = (lag: number): number => errors[lag - 1] ?? Number.POSITIVE_INFINITY;
  const calendar = periods.map((days) => Math.round(days / step)).filter((lag) => lag > 1 && lag <= lags);
  const isDip = (lag: number): boolean => errorAt(lag) < errorAt(lag - 1) && errorAt(lag) < errorAt(lag + 1);
  const dips = Array.from({ length: lags - 1 }, (_, k) => k + 2).filter(isDip);
  return (calendar.length > 0 ? calendar : dips).sort((a, b) => errorAt(a) - errorAt(b))[0];
}

export type LagBaseline = Baseline &
  Readonly<{
    name: string;
    lag: number;
    /** How far values are from those of the past, for each row ahead. */
    spreads: readonly number[];
  }>;

/** The value of a target in a row, or so many rows before it. */
export function valuesOf(
  prediction: Prediction,
  { name, column }: TargetInTable,
  { encoded }: SeriesRows,
): (row: number, back: number) => number {
  const own = ownColumns(tableColumns(prediction.schema));
  const places = new Map(own.map((each) => [each.name, each.place]));
  const at = [
    name,
    ...Array.from({ length: prediction.schema.order?.lags ?? 0 }, (_, k) => lagName(name, k + 1)),
  ];
  const fill = fillOf(column);
  return (row, back) => {
    const value = encoded[row * own.length + (places.get(at[back] ?? "") ?? 0)] ?? Number.NaN;
    return back > 0 && Number.isNaN(value) ? fill : value;
  };
}

/** Rows before the last known one: the newest value whose distance from `ahead` rows after it is a multiple of the lag. */
export const backOf = (lag: number, ahead: number): number => lag * Math.ceil(ahead / lag) - ahead;

/** How far values so many rows ahead are from those of the past, over the training rows of all series. */
function spreadAhead(
  all: readonly Readonly<{ rows: SeriesRows; valueAt: ReturnType<typeof valuesOf> }>[],
  lag: number,
  ahead: number,
): number {
  const squares: number[] = [];
  for (const { rows, valueAt } of all) {
    const { stretches, firstTest } = rows;
    for (let row = 0; row + ahead < firstTest; row++) {
      const away = valueAt(row + ahead, 0) - valueAt(row, backOf(lag, ahead));
      if (stretches[row] === stretches[row + ahead] && !Number.isNaN(away)) squares.push(away * away);
    }
  }
  return Math.sqrt(meanOf(squares)) || LEAST;
}

/** Spread of values that have none. */
const LEAST = 1e-6;

/** The last value, and the value one season ago, each with a Gaussian around it: what any forecast has to beat. */
export function lagBaselines(
  prediction: Prediction,
  target: TargetInTable,
  { values, condition }: Readonly<{ values: Float32Array; condition: Float32Array }>,
  series: readonly SeriesRows[],
): LagBaseline[] {
  const { order } = prediction.schema;
  if (!order || target.kind.classes !== undefined) return [];
  const { width } = target.features;
  const { schema, given } = prediction;
  const find = featureOf(schema, given);
  // values before the last one are given by how far they are from it
  const features = Array.from({ length: order.lags }, (_, k) => [
    ...new Set([find(lagName(target.name, 1)), find(lagName(target.name, k + 1))]),
  ]);
  const errors = features.map((own) => {
    const past = pickColumns(condition, width, own);
    return values.reduce((sum, value, i) => {
      const lag = rowOf(past, i, own.length).reduce((a, b) => a + b, 0);
      return sum + Math.abs(lag - value);
    }, 0);
  });
  const season = seasonOf(order, errors);
  const earlier = series.map((rows) => ({ rows, valueAt: valuesOf(prediction, target, rows) }));
  return [1, ...(season === undefined ? [] : [season])].map((lag) => ({
    name: lag === 1 ? "the last value" : `the value ${lag} rows ago`,
    lag,
    spreads: Array.from({ length: order.horizon }, (_, h) => spreadAhead(earlier, lag, h + 1)),
    ...lagBaseline(target, values, condition, valueAt(features, lag - 1)),
  }));
}
