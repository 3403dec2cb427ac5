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
 * @param rows rows [n, width]
 * @param own log p of the rows as they are, n numbers
 * @param first the repairs of these rows by `meanRepairs`
 */
export async function smallestRepairs(
  density: LogDensity,
  rows: Float32Array,
  own: ArrayLike<number>,
  first: readonly (readonly Repair[])[],
  columns: readonly ColumnPlace[],
  usual: UsualValues,
  isUsual: (logProb: number) => boolean,
): Promise<Change[][]> {
  const width = rows.length / first.length;
  const changed = rows.slice();
  const changes: Change[][] = first.map(() => []);
  const found = first.map(() => false);
  let open = Array.from(first.keys()).filter((row) => !isUsual(own[row]!));
  let repairs: readonly (readonly Repair[])[] = open.map((row) => first[row]!);
  for (let round = 0; round < MOST && open.length > 0; round++) {
    const logs = open.map((row, i) => {
      const column = bestColumn(repairs[i]!, changes[row]!);
      if (column === undefined) return Number.NEGATIVE_INFINITY;
      const { value, best } = repairs[i]![column]!;
      const { at, width: size } = columns[column]!;
      changed.set(usual.columns[column]!.subarray(value * size, (value + 1) * size), row * width + at);
      changes[row]!.push({ column, value });
      if (isUsual(best)) found[row] = true;
      return best;
    });
    const left = open.filter((row) => !found[row]);
    if (round + 1 < MOST && left.length > 0) {
      const now = logs.filter((_, i) => !found[open[i]!]);
      repairs = await meanRepairs(density, pick(changed, width, left), now, columns, usual);
    }
    open = left;
  }
  return changes.map((each, row) => (found[row] ? each : []));
}

/** The column whose best usual value makes the row most likely, of those that are as they were. */
function bestColumn(repairs: readonly Repair[], changes: readonly Change[]): number | undefined {
  const free = Array.from(repairs.keys()).filter((column) => changes.every((each) => each.column !== column));
  return free.reduce<number | undefined>(
    (most, column) => (most === undefined || repairs[column]!.best > repairs[most]!.best ? column : most),
    undefined,
  );
}

const pick = (rows: Float32Array, width: number, which: readonly number[]): Float32Array => {
  const out = new Float32Array(which.length * width);
  which.forEach((from, to) => {
    out.set(rows.subarray(from * width, (from + 1) * width), to * width);
  });
  return out;
};
