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

/** Usual values around a number by which it is said how dense they are there. */
const NEAR = 3;

/**
 * log of how dense the usual values of a column are at a number, up to a constant: their count nearer than r by r, which is the
 * distance of the third nearest one, and at least their finest step. A missing value is as far from the others as they spread.
 */
function logDense(usual: Float32Array): (value: number) => number {
  const gaps = Array.from(usual.subarray(1), (value, q) => value - valueAt(usual, q)).filter(
    (gap) => gap > 0,
  );
  const step = Math.min(...gaps, gaps.length > 0 ? Number.POSITIVE_INFINITY : 1);
  const spread = gaps.reduce((sum, gap) => sum + gap, 0) || 1;
  return (value) => {
    const distances = usual.map((own) => (Object.is(own, value) ? 0 : Math.abs(own - value)));
    const apart = distances.map((each) => (Number.isNaN(each) ? spread : each)).sort();
    const radius = Math.max(step, valueAt(apart, Math.min(NEAR, apart.length) - 1));
    return Math.log(Math.max(0.5, apart.filter((each) => each < radius).length) / radius);
  };
}

/** What replacing one column of a row changes. */
type Repair = Readonly<{
  /** How much likelier the row is where the value of the column has nothing to do with the others, in nats. */
  gain: number;
  /** The highest log p that a usual value reaches, and the place of this value. */
  best: number;
  value: number;
}>;

/**
 * Mean repair: gain_j(x) = log (1/Q) Σ_q p(x with x_j := v_jq) c_j(x_j) / c_j(v_jq) − log p(x), with v_jq the usual values of
 * column j and c_j their density. This is ∫ p(x) dx_j c_j(x_j) beside p(x): the row where the value was drawn without a look at
 * the other columns. The column of the largest gain explains best why a row is unlikely.
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
  const dense = usual.map(logDense);
  const denseUsual = usual.map((values, column) => Array.from(values, valueAt(dense, column)));
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
      const [row, column] = [Math.floor((first + pair) / width), (first + pair) % width];
      const denseHere = valueAt(dense, column)(valueAt(rows, row * width + column));
      const shifts = valueAt(denseUsual, column).map((there) => denseHere - there);
      valueAt(repairs, row).push(repairOf(rowOf(logs, pair, count), valueAt(own, row), shifts));
    }
  }
  return repairs;
}

function repairOf(logs: Float64Array, own: number, shifts: readonly number[]): Repair {
  const best = Math.max(...logs);
  const shifted = logs.map((log, q) => log + valueAt(shifts, q));
  // a row without any density has a finite gain by a column that gives it one
  return { gain: logMean(shifted) - Math.max(own, -Number.MAX_VALUE), best, value: logs.indexOf(best) };
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
