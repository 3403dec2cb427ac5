import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { lagName } from "../data/table/ordered-table.js";
import type { TableOrder } from "../data/table/schema.js";
import { placesAt, timeAfter } from "../data/table/time-steps.js";
import { repeatRows } from "../regression/regression.js";
import { type TableRegression, widthOf } from "../regression/table-regression.js";
import { rowOf, takeRows } from "../rows.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";

export type PathOptions = Readonly<{
  paths: number;
  /** Rows of a path. Default: those that the run was trained to forecast. */
  horizon?: number | undefined;
  seed: number;
}>;

/** What the row after another one has of it: for each of these places, the place in the earlier row. */
function shiftsOf(model: TableRegression, { columns, lags }: TableOrder): [to: number, from: number][] {
  const places = new Map(
    ownColumns(tableColumns(model.prediction.schema)).map(({ name, place }) => [name, place]),
  );
  const placeOf = (name: string): number => places.get(name) ?? -1;
  return columns.flatMap((column) =>
    Array.from({ length: lags }, (_, k): [number, number] => [
      placeOf(lagName(column, lags - k)),
      placeOf(k === lags - 1 ? column : lagName(column, lags - k - 1)),
    ]),
  );
}

/**
 * Paths behind rows [n, width]: the next row is drawn, becomes the last one, and so on. For each target [n · paths · horizon]
 * in encoded numbers, the values of a path one after another.
 *
 * In each step all paths of a row together have evenly spread levels. Which path has which level, and which flow of the
 * ensemble, is drawn anew in each. So the density of a path is the product of those of its steps.
 */
export async function samplePaths(
  model: TableRegression,
  rows: Float32Array,
  times: readonly number[],
  { paths, horizon, seed }: PathOptions,
): Promise<Float64Array[]> {
  const { prediction, targets } = model;
  const order = prediction.schema.order as TableOrder;
  const steps = horizon ?? order.horizon;
  const width = widthOf(prediction);
  const shifts = shiftsOf(model, order);
  const calendarAt = width - order.periods.length;
  let state = repeatRows(rows, width, paths);
  const path = times.flatMap((_, row) => Array.from({ length: paths }, (__, k) => row * paths + k));
  const out = targets.map(() => new Float64Array(path.length * steps));
  for (let step = 0; step < steps; step++) {
    const places = times.flatMap((_, row) =>
      Array.from(permutation(makeRng(seed, step, row), paths), (k) => row * paths + k),
    );
    state = takeRows(state, width, places);
    const from = [...path];
    const calendar = times.map((time) => placesAt(order, timeAfter(order, time, step + 1)));
    for (const [i, place] of places.entries()) {
      path[i] = from[place] as number;
      const row = rowOf(state, i, width);
      for (const [to, earlier] of shifts) row[to] = row[earlier] as number;
      row.set(calendar[Math.floor(i / paths)] as number[], calendarAt);
    }
    const drawn = await model.drawInto(state, paths, seed, step);
    for (const [t, values] of drawn.entries())
      for (const [i, value] of values.entries())
        (out[t] as Float64Array)[(path[i] as number) * steps + step] = value;
  }
  return out;
}
