import type { TopLevelSpec } from "vega-lite";
import { drawChart } from "./chart.js";
import { colorBySeries, namesOf, numbers } from "./series.js";

/** Rows of numbers, row-major, of `columns` columns. */
type ScatterRows = Readonly<{ name: string; rows: Float32Array }>;

export type ScatterOptions = Readonly<{
  title: string;
  columns: number;
  /** What a column is called. */
  label(column: number): string;
  /** The first decides the axes; the others are drawn beside it, a picture each. */
  real: ScatterRows;
  generated: ScatterRows;
}>;

type Interval = readonly [low: number, high: number];

const SIDE = 200;
/** Pairs of columns that are shown, and points in each. */
const PAIRS = 6;
const POINTS = 1500;
/** The axes leave so many of the points at each end out: one far away must not hide the others. */
const OUTSIDE = 0.005;

/** Neighbouring columns, as many pairs as fit; a single column against its own order. */
const pairsOf = (columns: number): [x: number, y: number][] =>
  columns === 1
    ? [[0, 0]]
    : Array.from({ length: Math.min(PAIRS, Math.floor(columns / 2)) }, (_, i) => [2 * i, 2 * i + 1]);

/**
 * Draws pairs of columns as clouds of points: above those of real rows, below those of generated ones, on the same axes.
 *
 * @returns SVG
 */
export function scatterChart({ title, columns, label, real, generated }: ScatterOptions): Promise<string> {
  const pairs = pairsOf(columns);
  const both = [real, generated];
  const color = colorBySeries(both, { symbol: "circle", width: pairs.length * SIDE });
  const domains = Array.from({ length: columns }, (_, column) => domainOf(real.rows, columns, column));
  const axis = (field: "x" | "y", column: number) =>
    numbers(field, label(column), domains[column]!, { tickCount: 4, titleLimit: SIDE });
  const spec: TopLevelSpec = {
    columns: pairs.length,
    concat: both.flatMap(({ rows }, series) =>
      pairs.map(([x, y]) => ({
        width: SIDE,
        height: SIDE,
        data: { values: pointsOf(rows, columns, [x, y], domains, series) },
        mark: { type: "circle" as const, size: 8, opacity: 1, fillOpacity: 0.6 },
        encoding: { x: axis("x", x), y: axis("y", y), color },
      })),
    ),
  };
  return drawChart(spec, { title, texts: namesOf(both) });
}

/** Those of the first points that lie inside of the axes: the renderer does not survive marks far outside. */
function pointsOf(
  rows: Float32Array,
  columns: number,
  [x, y]: readonly [x: number, y: number],
  domains: readonly Interval[],
  series: number,
) {
  const isInside = (value: number, [low, high]: Interval): boolean => value >= low && value <= high;
  return Array.from({ length: Math.min(POINTS, Math.floor(rows.length / columns)) }, (_, row) => ({
    x: rows[row * columns + x]!,
    y: rows[row * columns + y]!,
    series: String(series),
  })).filter((point) => isInside(point.x, domains[x]!) && isInside(point.y, domains[y]!));
}

/** The interval of what a column mostly holds, with a margin. */
function domainOf(rows: Float32Array, columns: number, column: number): Interval {
  const sorted = rows.filter((value, i) => i % columns === column && Number.isFinite(value)).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [at(OUTSIDE), at(1 - OUTSIDE)];
  const pad = 0.1 * (high - low) || Math.max(1, Math.abs(low) * 1e-3);
  return [low - pad, high + pad];
}
