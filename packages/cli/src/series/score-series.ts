import { createGuard, type Guard } from "@flowify/guard";
import type { TableSeries } from "../data/table/block.js";
import type { Cell } from "../data/table/cell.js";
import type { TableOrder } from "../data/table/schema.js";
import { fromUnits } from "../data/table/series-units.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { type Calibration, calibrationOf, conformalP } from "../detect/calibration.js";
import { scoreColumns } from "../detect/score-columns.js";
import { valueAt } from "../places.js";
import type { FinishedRegression } from "../regression/open-regression.js";
import { Predictive } from "../regression/predictive.js";
import { type TableRegression, widthOf } from "../regression/table-regression.js";
import { meanOf } from "../statistics.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";

/** Of a value that the run holds impossible, such as a new name. */
const LEAST = -1e4;
/** A log p that a file and a sum can hold. */
export const finiteLog = (log: number): number => (Number.isNaN(log) ? 0 : Math.max(log, LEAST));

/** Samples whose median is the usual value of a row. */
const SAMPLES = 64;

export type SeriesScoring = Readonly<{
  falseAlarms: number;
  reasons: number;
  /** Rows that are judged together: the mean of their scores. Default 1. */
  window?: number | undefined;
}>;

/** The mean of the last numbers of a series, at most so many, after each of them. */
function runningMean(window: number): (value: number, series: unknown) => number {
  const all = new Map<unknown, number[]>();
  return (value, series) => {
    const last = [...(all.get(series) ?? []), value].slice(-window);
    all.set(series, last);
    return meanOf(last);
  };
}

/** Scores of rows that follow each other in time, in their order. */
export type SeriesScorer = Readonly<{
  columns: readonly WrittenColumn[];
  calibration: Pick<Calibration, "scores">;
  /** The cells of some rows [n, width]. */
  score(rows: Float32Array, names: readonly string[], series: readonly TableSeries[]): Promise<Cell[][]>;
  /** Rows so far, those that were flagged, and of series that have changed the first row that speaks for it. */
  said(): Readonly<{ count: number; flagged: number; changes: readonly Change[] }>;
}>;

type Change = Readonly<{ series: string; since: string }>;

/**
 * −log p of a row given the last ones, or its mean over some rows, p by the scores of held-out rows, and a bet on whether rows
 * have changed. A reason is a column of the row itself whose value was less likely than usual, with the value and the median of
 * samples.
 */
export function seriesScorer(
  model: TableRegression,
  { schema, targets }: FinishedRegression,
  { falseAlarms, reasons, window = 1 }: SeriesScoring,
): SeriesScorer {
  const order = schema.order as TableOrder;
  const held = targets.map(({ heldOut }) => heldOut.logProb ?? []);
  const heldSeries = targets[0]?.heldOut.series;
  const scores = (held[0] ?? []).map((_, row) => -held.reduce((sum, logs) => sum + (logs[row] ?? 0), 0));
  const single = calibrationOf(0, scores);
  const meanHeld = runningMean(window);
  const calibration = calibrationOf(
    0,
    scores.map((score, i) => meanHeld(score, heldSeries?.[i])),
  );
  const mean = runningMean(window);
  const usual = held.map(meanOf);
  const guards = new Map<string, Guard & Readonly<{ names: string[] }>>();
  const guardOf = (series: string) => {
    const guard = guards.get(series) ?? { ...createGuard({ held: Math.max(scores.length, 1) }), names: [] };
    guards.set(series, guard);
    return guard;
  };
  const width = widthOf(model.prediction);
  const own = ownColumns(tableColumns(schema));
  const most = Math.min(reasons, model.targets.length);
  const text = (name: string): WrittenColumn => ({ name, type: "text", nullable: true });
  const places = Array.from({ length: most }, (_, i) => `reason_${i + 1}`);
  let [count, flagged] = [0, 0];
  const changes: Change[] = [];

  /** The columns that were less likely than usual, the least likely first. */
  const blame = async (row: Float32Array, surprise: readonly number[], of: TableSeries): Promise<Cell[]> => {
    const drawn = await model.draws(row, SAMPLES, 0);
    const blamed = [...surprise.keys()]
      .filter((t) => (surprise[t] as number) > 0)
      .sort((a, b) => (surprise[b] as number) - (surprise[a] as number));
    return places.flatMap((_, i) => {
      const t = blamed[i];
      const column = own.find(({ place }) => place === model.targets[t ?? -1]?.place);
      if (t === undefined || column === undefined) return [null, null, null];
      const natural = fromUnits(order, of, column.name);
      const show = (value: number): string => column.kind.show(column.found, natural(value));
      const middle = new Predictive(drawn[t] ?? []).quantile(0.5);
      return [column.name, show(row[column.place] ?? Number.NaN), show(middle)];
    });
  };

  return {
    calibration,
    columns: [
      ...(order.series?.columns ?? []).map((name) => ({ name, type: "text" as const })),
      ...scoreColumns(schema, {
        more: [
          { name: "evidence", type: "number", digits: 4 },
          { name: "changed", type: "flag" },
          ...places.flatMap((name) => [text(name), text(`${name}_value`), text(`${name}_usual`)]),
        ],
      }),
    ],
    async score(rows, names, series) {
      const logs = await model.logProb(rows);
      const out: Cell[][] = [];
      for (const [i, name] of names.entries()) {
        const of = valueAt(series, i);
        const guard = guardOf(of.name);
        const own_ = logs.map((each) => finiteLog(each[i] as number));
        const alone = -own_.reduce((a, b) => a + b, 0);
        const score = mean(alone, of.name);
        const p = conformalP(calibration, score);
        const isFlagged = p <= falseAlarms;
        guard.names.push(name);
        const { evidence, alarm, since } = guard.push(conformalP(single, alone));
        if (since !== undefined && !changes.some((change) => change.series === of.name))
          changes.push({ series: of.name, since: valueAt(guard.names, since) });
        count++;
        flagged += Number(isFlagged);
        const cells =
          most > 0 && isFlagged
            ? await blame(
                rows.slice(i * width, (i + 1) * width),
                own_.map((log, t) => (usual[t] as number) - log),
                of,
              )
            : places.flatMap(() => [null, null, null]);
        out.push([...of.keys, name, score, p, Number(isFlagged), evidence, Number(alarm), ...cells]);
      }
      return out;
    },
    said: () => ({ count, flagged, changes }),
  };
}
