import { DataError } from "@flowify/core";
import { cellReader } from "../data/table/cell.js";
import { findOrder, lagName, namesOfOrder, stretchesOf, withOrder } from "../data/table/ordered-table.js";
import type { TableOrder, TableSchema } from "../data/table/schema.js";
import type { Table } from "../data/table/table.js";
import type { TrainFlags } from "../settings.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { type Baseline, lagBaseline } from "./baseline.js";
import { expectNames, type Prediction } from "./columns.js";
import { pickColumns, rowsOfPart, type TargetInTable } from "./table-regression.js";

const LAGS = 24;
/** Rows to train on, at least. */
const FEWEST = 20;

type SeriesFlags = Pick<TrainFlags, "predict" | "given" | "lags" | "horizon"> & Readonly<{ time: string }>;

/**
 * The next row of a table given the last ones: the columns that go on are those of --predict and of --given, by default all.
 *
 * @throws those of `findOrder` and of `expectNames`
 */
export async function seriesOf(
  path: string,
  table: Table,
  found: TableSchema,
  { time, predict, given, lags = LAGS, horizon = lags }: SeriesFlags,
): Promise<Prediction> {
  const named = predict ?? [];
  expectNames(path, found, named, given);
  const all = found.columns.filter(({ use, name }) => use === "model" && name !== time);
  const columns = predict ? [...named, ...(given ?? [])] : (given ?? all.map(({ name }) => name));
  if (columns.length === 0)
    throw new DataError(
      `${path}: no column but the time ${JSON.stringify(time)} is left to learn from\nexpected at least one other column of numbers, dates or categories that varies`,
    );
  const order = await findOrder(path, table, found, { time, columns, lags, horizon });
  return { schema: withOrder(found, order), predict: columns, given: namesOfOrder(order) };
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
  encoded: Float32Array;
  times: readonly number[];
  /** Rows that follow each other without a gap have the same number. */
  stretches: Int32Array;
  /** The place of the first row that is held out. */
  firstTest: number;
}>;

export function seriesRows(
  prediction: Prediction,
  order: TableOrder,
  { encoded, rowNames }: Readonly<{ encoded: Float32Array; rowNames: readonly string[] }>,
): SeriesRows {
  const times = rowNames.map(timeOf);
  const firstTest = rowsOfPart(prediction, encoded, "test").places[0] ?? times.length;
  return { encoded, times, stretches: stretchesOf(order, times), firstTest };
}

const reader = cellReader();
/** The time that a row is called by. */
export const timeOf = (name: string): number => {
  reader.read(name);
  return reader.value;
};

/** The number of a column k rows ago, among those that flows see of a target. */
function featureOfLag({ schema }: Prediction, target: TargetInTable, lag: number): number {
  const columns = ownColumns(tableColumns(schema));
  const numbers = target.from.filter((place) => columns[place]?.kind.isNumber);
  return numbers.findIndex((place) => columns[place]?.name === lagName(target.name, lag));
}

/** Lags at which a series comes close to itself again: closer than one row earlier or later. The best of them, if any. */
function seasonOf(errors: readonly number[]): number | undefined {
  const isDip = (k: number): boolean =>
    k > 0 && errors[k]! < errors[k - 1]! && errors[k]! < (errors[k + 1] ?? Number.POSITIVE_INFINITY);
  const dips = [...errors.keys()].filter(isDip).sort((a, b) => errors[a]! - errors[b]!);
  return dips[0] === undefined ? undefined : dips[0] + 1;
}

export type LagBaseline = Baseline & Readonly<{ name: string; lag: number }>;

/** The last value, and the value one season ago, each with a Gaussian around it: what any forecast has to beat. */
export function lagBaselines(
  prediction: Prediction,
  target: TargetInTable,
  values: Float32Array,
  condition: Float32Array,
): LagBaseline[] {
  const { order } = prediction.schema;
  if (!order || target.kind.classes !== undefined) return [];
  const { width } = target.features;
  const features = Array.from({ length: order.lags }, (_, k) => featureOfLag(prediction, target, k + 1));
  const errors = features.map((feature) =>
    pickColumns(condition, width, [feature]).reduce((sum, lag, i) => sum + Math.abs(lag - values[i]!), 0),
  );
  const season = seasonOf(errors);
  return [1, ...(season === undefined ? [] : [season])].map((lag) => ({
    name: lag === 1 ? "the last value" : `the value ${lag} rows ago`,
    lag,
    ...lagBaseline(target, values, condition, features[lag - 1]!),
  }));
}
