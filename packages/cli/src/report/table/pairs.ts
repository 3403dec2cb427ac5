import { linesAround, type ShareLines } from "../../pictures/contours.js";
import { ascendingPlaces } from "../../rows.js";
import { quantile } from "../../statistics.js";
import { columnValues, type TableColumn } from "../../tables/columns/kinds.js";

type Point = readonly [x: number, y: number];

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
  const pairs = numeric.flatMap((x, i) =>
    numeric.slice(i + 1).map((y) => ({ x, y, strength: rankCorrelation(pointsOf(x, y, measured, width)) })),
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

/** |Spearman's ρ|; ties are in the order of the rows. */
function rankCorrelation(points: readonly Point[]): number {
  const n = points.length;
  if (n < 3) return 0;
  // the places of the places are the ranks
  const ranksOf = (axis: 0 | 1) => ascendingPlaces(ascendingPlaces(points.map((point) => point[axis])));
  const others = ranksOf(1);
  const squares = ranksOf(0).reduce((sum, rank, i) => sum + (rank - (others[i] ?? 0)) ** 2, 0);
  return Math.abs(1 - (6 * squares) / (n * (n * n - 1)));
}
