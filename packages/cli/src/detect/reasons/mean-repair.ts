import type { ColumnPlace, UsualValues } from "./usual-values.js";

/** log p in nats of rows [n, width], a number each. */
export type LogDensity = (rows: Float32Array) => Promise<ArrayLike<number>>;

/** What replacing one column of a row changes. */
export type Repair = Readonly<{
  /** log of the mean of p over the usual values of the column, minus log p(x), in nats. */
  gain: number;
  /** The highest log p that a usual value reaches, and the place of this value. */
  best: number;
  value: number;
}>;

/** Most rows in one call: memory does not grow with the rows, their columns or the usual values. */
const AT_ONCE = 8192;

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
  columns: readonly ColumnPlace[],
  usual: UsualValues,
): Promise<Repair[][]> {
  const width = rows.length / own.length;
  const { count } = usual;
  const pairs = own.length * columns.length;
  const atOnce = Math.min(pairs, Math.max(1, Math.floor(AT_ONCE / count)));
  const block = new Float32Array(atOnce * count * width);
  const repairs: Repair[][] = Array.from(own, () => []);
  for (let first = 0; first < pairs; first += atOnce) {
    const here = Math.min(atOnce, pairs - first);
    for (let pair = 0; pair < here; pair++) {
      const [row, column] = placeOf(first + pair, columns.length);
      const original = rows.subarray(row * width, (row + 1) * width);
      const values = usual.columns[column]!;
      const { at, width: size } = columns[column]!;
      for (let q = 0; q < count; q++) {
        const to = (pair * count + q) * width;
        block.set(original, to);
        block.set(values.subarray(q * size, (q + 1) * size), to + at);
      }
    }
    const logs = await density(block.subarray(0, here * count * width));
    for (let pair = 0; pair < here; pair++) {
      const [row] = placeOf(first + pair, columns.length);
      repairs[row]!.push(
        repairOf(
          Array.from({ length: count }, (_, q) => logs[pair * count + q]!),
          own[row]!,
        ),
      );
    }
  }
  return repairs;
}

const placeOf = (pair: number, columns: number): readonly [row: number, column: number] => [
  Math.floor(pair / columns),
  pair % columns,
];

function repairOf(logs: readonly number[], own: number): Repair {
  const best = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - best), 0);
  const mean = best === Number.NEGATIVE_INFINITY ? best : best + Math.log(sum / logs.length);
  // a row without any density has a finite gain by a column that gives it one
  return { gain: mean - Math.max(own, -Number.MAX_VALUE), best, value: logs.indexOf(best) };
}
