import { linesAround, type Point, type ShareLines } from "../../pictures/contours.js";
import { ascendingPlaces } from "../../rows.js";
import { quantile } from "../../statistics.js";
import type { ColumnValue } from "../../tables/columns/column-kind.js";
import { columnValues, type TableColumn } from "../../tables/columns/kinds.js";

/** Two columns of numbers: training rows, the rows of the highest scores, and lines that hold shares of the generated rows. */
export type PairView = Readonly<{
  x: Readonly<{ name: string; isDate: boolean; range: Point }>;
  y: Readonly<{ name: string; isDate: boolean; range: Point }>;
  rows: readonly Point[];
  worst: readonly Point[];
  contours: readonly ShareLines[];
}>;

/** Pairs that are shown, and points in each. */
const SHOWN = { pairs: 6, points: 400 } as const;

/** Rows that the association of columns is measured on. */
const MEASURED = 2000;

/** The axes end a little beyond these quantiles of training and generated rows. */
const OUTSIDE = 0.005;
const PAD = 0.08;

/** Encoded rows [n, width]: of training, generated ones, and those of the highest scores. */
type PairRows = Readonly<{
  training: Float32Array;
  generated: Float32Array;
  worst: Float32Array;
}>;

/** The pairs of columns that are associated most, by the rank correlation of training rows. */
export function viewPairs(columns: readonly TableColumn[], rows: PairRows, width: number): PairView[] {
  const numeric = columns.filter(({ found }) => found.range);
  const measured = rows.training.subarray(0, MEASURED * width);
  const ranked = numeric.map((column) => ({ column, ranks: ranksOf(columnValues(column, measured, width)) }));
  const pairs = ranked.flatMap(({ column: x, ranks }, i) =>
    ranked
      .slice(i + 1)
      .map(({ column: y, ranks: others }) => ({ x, y, strength: correlation(ranks, others) })),
  );
  return pairs
    .sort((a, b) => b.strength - a.strength)
    .slice(0, SHOWN.pairs)
    .map(({ x, y }) => viewPair(x, y, rows, width));
}

function viewPair(x: TableColumn, y: TableColumn, rows: PairRows, width: number): PairView {
  const training = pointsOf(x, y, rows.training, width);
  const generated = pointsOf(x, y, rows.generated, width);
  const worst = pointsOf(x, y, rows.worst, width);
  const range = (axis: 0 | 1): Point => {
    const all = Float64Array.from([...training, ...generated], (point) => point[axis]).sort();
    const marked = worst.map((point) => point[axis]);
    const low = Math.min(quantile(all, OUTSIDE), ...marked);
    const high = Math.max(quantile(all, 1 - OUTSIDE), ...marked);
    const pad = PAD * (high - low) || 0.5;
    return [low - pad, high + pad];
  };
  const [xRange, yRange] = [range(0), range(1)];
  const axis = ({ found: { name, type } }: TableColumn, ends: Point) => ({
    name,
    isDate: type === "date",
    range: ends,
  });
  return {
    x: axis(x, xRange),
    y: axis(y, yRange),
    rows: training.slice(0, SHOWN.points),
    worst,
    contours: linesAround(generated, xRange, yRange),
  };
}

/** Rows that have both values. */
function pointsOf(x: TableColumn, y: TableColumn, rows: Float32Array, width: number): Point[] {
  const others = columnValues(y, rows, width);
  return columnValues(x, rows, width).flatMap((a, i) => {
    const b = others[i];
    return typeof a === "number" && typeof b === "number" ? [[a, b] as const] : [];
  });
}

/** The rank of each value; NaN where it is missing. Ties are in the order of the rows. */
function ranksOf(values: readonly ColumnValue[]): Float64Array {
  const numbers = values.map((value) => (typeof value === "number" ? value : Number.POSITIVE_INFINITY));
  // the places of the places are the ranks
  const ranks = Float64Array.from(ascendingPlaces(ascendingPlaces(numbers)));
  return ranks.map((rank, i) => (typeof values[i] === "number" ? rank : Number.NaN));
}

/** |Spearman's ρ|, of the rows that have both ranks. */
function correlation(x: Float64Array, y: Float64Array): number {
  let [n, ofX, ofY, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    if (Number.isNaN(a + b)) continue;
    n++;
    ofX += a;
    ofY += b;
    xx += a * a;
    xy += a * b;
    yy += b * b;
  }
  if (n < 3) return 0;
  return Math.abs(n * xy - ofX * ofY) / Math.sqrt((n * xx - ofX * ofX) * (n * yy - ofY * ofY));
}
