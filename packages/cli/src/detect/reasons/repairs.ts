import { valueAt } from "../../places.js";
import { rowOf, takeRows } from "../../rows.js";
import { logMean } from "../../statistics.js";

/** log p in nats of rows [n, width], a number each. */
export type LogDensity = (rows: Float32Array) => Promise<ArrayLike<number>>;

/** Usual values of a column. */
const COUNT = 32;

/** Most rows in one call: memory does not grow with the rows, their columns or the usual values. */
const AT_ONCE = 8192;

/** Columns that a repair changes at most: more of them would make another row. */
const MOST = 3;

/** Usual values of every column, as many of each: those of the training rows [m, width] at evenly spaced ranks (q + 1/2) / count; missing ones come last. */
export function usualValues(rows: Float32Array, width: number, most: number = COUNT): Float32Array[] {
  const total = rows.length / width;
  const count = Math.min(most, total);
  return Array.from({ length: width }, (_, column) => {
    const sorted = Float32Array.from({ length: total }, (__, row) =>
      valueAt(rows, row * width + column),
    ).sort();
    return Float32Array.from({ length: count }, (__, q) =>
      valueAt(sorted, Math.floor(((q + 0.5) / count) * total)),
    );
  });
}

/** What replacing one column of a row changes. */
type Repair = Readonly<{
  /** log of the mean of p over the usual values of the column, minus log p(x), in nats. */
  gain: number;
  /** The highest log p that a usual value reaches, and the place of this value. */
  best: number;
  value: number;
}>;

/**
 * Mean repair: gain_j(x) = log (1/Q) Σ_q p(x with x_j := v_jq) − log p(x), with v_jq the usual values of column j. The column
 * of the largest gain explains best why a row is unlikely.
 *
 * @param rows rows [n, width]
 * @param own log p of the rows as they are, n numbers
 * @returns for each row a repair by each column
 */
export async function meanRepairs(
  density: LogDensity,
  rows: Float32Array,
  own: ArrayLike<number>,
  usual: readonly Float32Array[],
): Promise<Repair[][]> {
  const width = usual.length;
  const count = usual[0]?.length ?? 0;
  const pairs = own.length * width;
  const atOnce = Math.min(pairs, Math.max(1, Math.floor(AT_ONCE / count)));
  const block = new Float32Array(atOnce * count * width);
  const repairs: Repair[][] = Array.from(own, () => []);
  for (let first = 0; first < pairs; first += atOnce) {
    const here = Math.min(atOnce, pairs - first);
    for (let pair = 0; pair < here; pair++) {
      const [row, column] = [Math.floor((first + pair) / width), (first + pair) % width];
      const original = rowOf(rows, row, width);
      for (const [q, value] of valueAt(usual, column).entries()) {
        const to = (pair * count + q) * width;
        block.set(original, to);
        block[to + column] = value;
      }
    }
    const logs = Float64Array.from(await density(block.subarray(0, here * count * width)));
    for (let pair = 0; pair < here; pair++) {
      const row = Math.floor((first + pair) / width);
      const repair = repairOf(rowOf(logs, pair, count), valueAt(own, row));
      valueAt(repairs, row).push(repair);
    }
  }
  return repairs;
}

function repairOf(logs: Float64Array, own: number): Repair {
  const best = Math.max(...logs);
  // a row without any density has a finite gain by a column that gives it one
  return { gain: logMean(logs) - Math.max(own, -Number.MAX_VALUE), best, value: logs.indexOf(best) };
}

/** A column that is changed, and the place of the usual value that it gets. */
type Change = Readonly<{ column: number; value: number }>;

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
  usual: readonly Float32Array[],
  isUsual: (logProb: number) => boolean,
): Promise<Change[][]> {
  const width = usual.length;
  const changed = rows.slice();
  type Row = { row: number; log: number; readonly changes: Change[] };
  const all = Array.from(await density(rows), (log, row): Row => ({ row, log, changes: [] }));
  let open = all.filter(({ log }) => !isUsual(log));
  for (let round = 0; round < MOST && open.length > 0; round++) {
    const places = open.map(({ row }) => row);
    const now = open.map(({ log }) => log);
    const repairs = await meanRepairs(density, takeRows(changed, width, places), now, usual);
    for (const [i, own] of open.entries()) {
      const [best] = Array.from(valueAt(repairs, i), (repair, column) => ({ ...repair, column }))
        .filter(({ column }) => own.changes.every((each) => each.column !== column))
        .sort((a, b) => b.best - a.best || a.column - b.column);
      if (best === undefined) continue;
      const { column, value } = best;
      changed[own.row * width + column] = valueAt(valueAt(usual, column), value);
      own.changes.push({ column, value });
      own.log = best.best;
    }
    open = open.filter(({ log }) => !isUsual(log));
  }
  return all.map((own) => (open.includes(own) ? [] : own.changes));
}
