import { takeRows } from "../detector.js";
import { type LogDensity, meanRepairs, type Repair } from "./mean-repair.js";
import type { ColumnPlace, UsualValues } from "./usual-values.js";

/** A column that is changed, and the place of the usual value that it gets. */
export type Change = Readonly<{ column: number; value: number }>;

/** Columns that a repair changes at most: more of them would make another row. */
const MOST = 3;

/**
 * Few changes that make each row usual, found greedily: the column and the usual value that raise log p most, and so on until
 * `isUsual`. No changes where a row is usual as it is, or three changes are not enough.
 *
 * @param density log p, or another score that is low for odd rows
 * @param rows rows [n, width]
 */
export async function smallestRepairs(
  density: LogDensity,
  rows: Float32Array,
  width: number,
  columns: readonly ColumnPlace[],
  usual: UsualValues,
  isUsual: (logProb: number) => boolean,
): Promise<Change[][]> {
  const changed = rows.slice();
  const own = Array.from(await density(rows));
  const changes: Change[][] = own.map(() => []);
  let open = Array.from(own.keys()).filter((row) => !isUsual(own[row]!));
  for (let round = 0; round < MOST && open.length > 0; round++) {
    const now = open.map((row) => own[row]!);
    const repairs = await meanRepairs(density, takeRows(changed, width, open), now, columns, usual);
    open.forEach((row, i) => {
      const column = bestColumn(repairs[i]!, changes[row]!);
      if (column === undefined) return;
      const { value, best } = repairs[i]![column]!;
      const { at, width: size } = columns[column]!;
      changed.set(usual.columns[column]!.subarray(value * size, (value + 1) * size), row * width + at);
      changes[row]!.push({ column, value });
      own[row] = best;
    });
    open = open.filter((row) => !isUsual(own[row]!));
  }
  return changes.map((each, row) => (open.includes(row) ? [] : each));
}

/** The column whose best usual value makes the row most likely, of those that are as they were. */
function bestColumn(repairs: readonly Repair[], changes: readonly Change[]): number | undefined {
  const free = Array.from(repairs.keys()).filter((column) => changes.every((each) => each.column !== column));
  return free.reduce<number | undefined>(
    (most, column) => (most === undefined || repairs[column]!.best > repairs[most]!.best ? column : most),
    undefined,
  );
}
