import { type LogDensity, meanRepairs } from "./mean-repair.js";
import { nearestRows } from "./nearest-rows.js";
import { type Change, smallestRepairs } from "./smallest-repair.js";
import { type ColumnPlace, type UsualValues, usualValues } from "./usual-values.js";

/** Why a row is unlikely. */
export type RowReasons = Readonly<{
  /** All columns, the most to blame first, with the gain of their mean repair in nats. */
  columns: readonly Readonly<{ column: number; gain: number }>[];
  /** Changes that make the row usual; none where it is, or three columns are not enough. */
  repair: readonly Change[];
  /** The nearest training rows. */
  nearest: readonly number[];
}>;

type ReasonOptions = Readonly<{
  /** The score of the repair, low for odd rows. Default: the density. */
  judge?: LogDensity;
  /** Whether a row of this log p, or of this value of `judge`, needs no repair. Default: none needs one. */
  isUsual?(logProb: number): boolean;
}>;

/** Finds the reasons of rows, and holds the usual values that the changes refer to. */
type Reasoner = Readonly<{
  usual: UsualValues;
  /** @param rows rows [n, width] */
  reasonsOf(rows: Float32Array): Promise<RowReasons[]>;
}>;

/** Nearest training rows that are named. */
const NEAREST = 3;

/**
 * Reasons by a density of whatever kind: mean repairs of the columns, the smallest repair, the nearest training rows.
 *
 * @param density log p in nats of rows [n, width]
 * @param training rows [m, width] that are ordinary
 */
export function rowReasons(
  density: LogDensity,
  training: Float32Array,
  width: number,
  columns: readonly ColumnPlace[],
  { judge = density, isUsual = () => true }: ReasonOptions = {},
): Reasoner {
  const usual = usualValues(training, width, columns);
  const nearest = nearestRows(training, width, NEAREST);
  return {
    usual,
    async reasonsOf(rows) {
      if (rows.length === 0) return [];
      const repairs = await meanRepairs(density, rows, await density(rows), columns, usual);
      const smallest = await smallestRepairs(judge, rows, width, columns, usual, isUsual);
      return repairs.map((each, i) => ({
        columns: each
          .map(({ gain }, column) => ({ column, gain }))
          .sort((a, b) => b.gain - a.gain || a.column - b.column),
        repair: smallest[i]!,
        nearest: nearest(rows.subarray(i * width, (i + 1) * width)),
      }));
    },
  };
}
