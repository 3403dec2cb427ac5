import { valueAt } from "../../places.js";
import { rowOf } from "../../rows.js";
import { ownColumns, type TableColumn, tableColumns } from "../../tables/columns/kinds.js";
import { conformalP } from "../calibration.js";
import type { OpenDetector } from "../detector.js";
import type { ScoreKind } from "../score-columns.js";
import type { TableDetector } from "../table-detector.js";
import { meanRepairs, smallestRepairs, usualValues } from "./repairs.js";

/** Columns of less than this part of the largest gain are not to blame. */
const MINOR = 0.1;

/** Nearest training rows that are named. */
const NEAREST = 3;

/** A column and one of its values, as a table holds it. */
type NamedValue = Readonly<{ name: string; value: string }>;

/** Why a row of a table is unlikely, in the words of the table. */
export type TableReasons = Readonly<{
  /** Columns whose values have nothing to do with the others, the most to blame first, with the gain in nats: at least a tenth of the largest. */
  blamed: readonly (NamedValue & Readonly<{ gain: number }>)[];
  /** Changes after which the row is not flagged; none where three columns are not enough. */
  repair: readonly NamedValue[];
  /** What the nearest training rows are called, without the row itself: by their ids, else by their numbers. */
  nearest: readonly string[];
  /** Their numbers in their table, from 1 on. */
  nearestNumbers: readonly number[];
}>;

/** Finds the reasons of rows of a table. */
export type TableReasoner = Readonly<{
  columns: readonly TableColumn[];
  /** @param rows encoded rows [n, columns] */
  reasonsOf(rows: Float32Array): Promise<TableReasons[]>;
}>;

/**
 * Reasons by the detector of a run: log p of its flow for the columns to blame; the score by which rows are flagged for the
 * repair; usual values and nearest rows from the training rows that it holds.
 *
 * @param threshold rows with a p-value of at most this are flagged
 */
export function tableReasoner(
  { detector, names, calibrations }: TableDetector,
  open: OpenDetector,
  kind: ScoreKind,
  threshold: number,
): TableReasoner {
  const columns = ownColumns(tableColumns(detector));
  const width = columns.length;
  const negative =
    (score: ScoreKind) =>
    async (rows: Float32Array): Promise<Float64Array> =>
      (await open.score(rows, [score]))[score].map((value) => -value);
  const [density, judge] = [negative("flow"), negative(kind)];
  const isUsual = (value: number): boolean => conformalP(calibrations[kind], -value) > threshold;
  const usual = usualValues(detector.reference, width);
  let known: Promise<Float32Array> | undefined;
  const numberOf = (place: number): number => valueAt(detector.places, place) + 1;
  const named = (place: number, number: number): NamedValue => {
    const { name, kind, found } = valueAt(columns, place);
    return { name, value: kind.show(found, number) };
  };
  return {
    columns,
    async reasonsOf(rows) {
      if (rows.length === 0) return [];
      const repairs = await meanRepairs(density, rows, await density(rows), usual);
      const smallest = await smallestRepairs(judge, rows, usual, isUsual);
      known ??= open.inRobustSpace(detector.reference);
      const [learnt, scaled] = [await known, await open.inRobustSpace(rows)];
      const size = scaled.length / repairs.length;
      return repairs.map((each, i) => {
        const row = rowOf(rows, i, width);
        const most = each
          .map(({ gain }, column) => ({ column, gain }))
          .sort((a, b) => b.gain - a.gain || a.column - b.column);
        const least = Math.max(0, MINOR * valueAt(most, 0).gain);
        const nearest = nearestRows(learnt, rowOf(scaled, i, size));
        return {
          blamed: most
            .filter(({ gain }) => gain > 0 && gain >= least)
            .map(({ column, gain }) => ({ ...named(column, valueAt(row, column)), gain })),
          repair: valueAt(smallest, i).map(({ column, value }) =>
            named(column, valueAt(valueAt(usual, column), value)),
          ),
          nearest: nearest.map((place) => names?.[place] ?? String(numberOf(place))),
          nearestNumbers: nearest.map(numberOf),
        };
      });
    },
  };
}

/** The places of the rows [m, width] that are nearest to a row, the nearest first, without rows that equal it. */
function nearestRows(rows: Float32Array, row: Float32Array): number[] {
  const width = row.length;
  const nearest: { place: number; squared: number }[] = [];
  for (let place = 0; place < rows.length / width; place++) {
    let squared = 0;
    for (let j = 0; j < width; j++) squared += (rows[place * width + j]! - row[j]!) ** 2;
    if (squared === 0) continue;
    if (nearest.length === NEAREST && squared >= nearest[NEAREST - 1]!.squared) continue;
    nearest.push({ place, squared });
    nearest.sort((a, b) => a.squared - b.squared).splice(NEAREST);
  }
  return nearest.map(({ place }) => place);
}

/** `weight = 9.1; carrier = road`. */
export const repairText = ({ repair }: TableReasons): string =>
  repair.map(({ name, value }) => `${name} = ${value}`).join("; ");
