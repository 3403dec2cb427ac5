import { createGuard, type Guard } from "@flowify/guard";
import { group } from "d3-array";
import type { TableSeries } from "../data/table/block.js";
import type { Cell } from "../data/table/cell.js";
import type { TableOrder } from "../data/table/schema.js";
import { fromUnits } from "../data/table/series-units.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { type Calibration, calibrationOf, conformalP } from "../detect/calibration.js";
import { scoreColumns } from "../detect/score-columns.js";
import { valueAt, valuesAt } from "../places.js";
import type { FinishedRegression } from "../regression/open-regression.js";
import { Predictive } from "../regression/predictive.js";
import { seriesCodes, type TableRegression, widthOf } from "../regression/table-regression.js";
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

/** Held-out rows of a series, from so many on by which its own changes are judged. */
const FEWEST = 40;

/**
 * Held-out scores by which the rows of a series are judged: its own, where these are enough, else those of all series. Where one is
 * noisier than others, its rows are then flagged as often as theirs.
 *
 * Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World", section 4.5 (Mondrian conformal prediction).
 *
 * @param series of each score
 */
function calibrationsOf(
  scores: readonly number[],
  series: readonly number[] = [],
  fewest: number,
): (series: number) => Calibration {
  const all = calibrationOf(0, scores);
  const own = group(scores.keys(), (i) => series[i]);
  const enough = [...own].filter(([, { length }]) => length >= fewest);
  const found = new Map(enough.map(([each, places]) => [each, calibrationOf(0, valuesAt(scores, places))]));
  return (each) => found.get(each) ?? all;
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
 * −log p of a row given the last ones, or its mean over some rows, p by the scores of held-out rows of its series, and a bet on whether
 * rows have changed. A reason is a column of the row itself whose value was less likely than usual, with the value and the median of
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
  // a flag needs p as small as the rate of false alarms
  const fewest = Math.max(FEWEST, Math.ceil(1 / falseAlarms) - 1);
  const singleOf = calibrationsOf(scores, heldSeries, FEWEST);
  const meanHeld = runningMean(window);
  const means = scores.map((score, i) => meanHeld(score, heldSeries?.[i]));
  const calibrationFor = calibrationsOf(means, heldSeries, fewest);
  const mean = runningMean(window);
  const usual = held.map(meanOf);
  const guards = new Map<string, Guard & Readonly<{ names: string[] }>>();
  const guardOf = (series: string, held: number) => {
    const guard = guards.get(series) ?? { ...createGuard({ held: Math.max(held, 1) }), names: [] };
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
    calibration: calibrationOf(0, means),
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
      const codes = seriesCodes(model.prediction, rows);
      const out: Cell[][] = [];
      for (const [i, name] of names.entries()) {
        const of = valueAt(series, i);
        const code = valueAt(codes, i);
        const single = singleOf(code);
        const guard = guardOf(of.name, single.scores.length);
        const own_ = logs.map((each) => finiteLog(each[i] as number));
        const alone = -own_.reduce((a, b) => a + b, 0);
        const score = mean(alone, of.name);
        const p = conformalP(calibrationFor(code), score);
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
