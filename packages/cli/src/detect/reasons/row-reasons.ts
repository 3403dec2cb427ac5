import { rowOf } from "../../rows.js";
import { CLIP, findSpaces } from "../spaces.js";
import { type Change, type LogDensity, meanRepairs, smallestRepairs, usualValues } from "./repairs.js";

/** Why a row is unlikely. */
type RowReasons = Readonly<{
  /** All columns, the most to blame first, with the gain of their mean repair in nats. */
  columns: readonly Readonly<{ column: number; gain: number }>[];
  /** Changes that make the row usual; none where it is, or three columns are not enough. */
  repair: readonly Change[];
  /** The nearest training rows, without rows that equal it, as it does itself. */
  nearest: readonly number[];
}>;

type ReasonOptions = Readonly<{
  /** The score of the repair, low for odd rows. Default: the density. */
  judge?: LogDensity;
  /** Whether a row of this log p, or of this value of `judge`, needs no repair. Default: none needs one. */
  isUsual?(logProb: number): boolean;
  /** Rows as Euclidean distances are taken between them. Default: robustly scaled columns. */
  space?(rows: Float32Array): Promise<Float32Array>;
}>;

/** Finds the reasons of rows, and holds the usual values of columns that the changes refer to. */
type Reasoner = Readonly<{
  usual: readonly Float32Array[];
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
  { judge = density, isUsual = () => true, space = robustColumns(training, width) }: ReasonOptions = {},
): Reasoner {
  const usual = usualValues(training, width);
  let known: Promise<Float32Array> | undefined;
  return {
    usual,
    async reasonsOf(rows) {
      if (rows.length === 0) return [];
      const repairs = await meanRepairs(density, rows, await density(rows), usual);
      const smallest = await smallestRepairs(judge, rows, usual, isUsual);
      known ??= space(training);
      const [learnt, scaled] = [await known, await space(rows)];
      const size = scaled.length / repairs.length;
      return repairs.map((each, i) => ({
        columns: each
          .map(({ gain }, column) => ({ column, gain }))
          .sort((a, b) => b.gain - a.gain || a.column - b.column),
        repair: smallest[i]!,
        nearest: nearestRows(learnt, rowOf(scaled, i, size)),
      }));
    },
  };
}

const robustColumns = (training: Float32Array, width: number) => {
  const { median, spread } = findSpaces(training, width);
  return async (rows: Float32Array): Promise<Float32Array> =>
    rows.map((value, i) => {
      const z = (value - median[i % width]!) / spread[i % width]!;
      return Math.min(CLIP, Math.max(-CLIP, z));
    });
};

/** The places of the rows [m, width] that are nearest to a row, the nearest first. */
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
