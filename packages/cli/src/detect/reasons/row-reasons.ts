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

/** Finds the reasons of rows, and holds the usual values that the changes refer to. */
export type Reasoner = Readonly<{
  usual: UsualValues;
  /**
   * @param rows rows [n, width]
   * @param own their log p in nats, n numbers
   * @param isUsual whether a row of this log p needs no repair
   */
  reasonsOf(
    rows: Float32Array,
    own: ArrayLike<number>,
    isUsual: (logProb: number) => boolean,
  ): Promise<RowReasons[]>;
}>;

/** Nearest training rows that are named. */
const NEAREST = 3;

/**
 * Reasons by a density of whatever kind: mean repairs of the columns, the smallest repair, the nearest training rows.
 *
 * @param training rows [m, width] that are ordinary
 */
export function rowReasons(
  density: LogDensity,
  training: Float32Array,
  width: number,
  columns: readonly ColumnPlace[],
): Reasoner {
  const usual = usualValues(training, width, columns);
  const nearest = nearestRows(training, width, NEAREST);
  return {
    usual,
    async reasonsOf(rows, own, isUsual) {
      if (own.length === 0) return [];
      const repairs = await meanRepairs(density, rows, own, columns, usual);
      const smallest = await smallestRepairs(density, rows, own, repairs, columns, usual, isUsual);
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
