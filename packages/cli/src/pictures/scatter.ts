import type { TopLevelSpec } from "vega-lite";
import { quantile } from "../statistics.js";
import { drawChart } from "./chart.js";
import { dateLabels } from "./scale.js";
import { colorBySeries, type Ends, isWithin, namesOf, numbers } from "./series.js";

/** How the numbers of a column are shown. */
export type ScatterColumn = Readonly<{
  name: string;
  /** The numbers are places in this list of names. */
  categories?: readonly string[];
  /** The numbers are days since 1970-01-01. */
  isDate?: boolean;
  /** Marks of the axis are at least so far apart. */
  step?: number;
}>;

/** Rows of numbers, row-major, one for each column; those that are not finite are left out. */
type ScatterRows = Readonly<{ name: string; rows: ArrayLike<number> }>;

export type ScatterOptions = Readonly<{
  title: string;
  columns: readonly ScatterColumn[];
  /** The first decides the axes; the others are drawn below it, a picture each. */
  real: ScatterRows;
  generated: ScatterRows;
}>;

type Point = Readonly<{ x: number; y: number }>;

const SIDE = 200;
/** Pairs of columns that are shown. */
const PAIRS = 6;
/** Columns, the first ones, and rows of each group that are shown at most. */
export const SHOWN = { columns: 2 * PAIRS, rows: 1500 } as const;
/** The axes leave so many of the points at each end out: one far away must not hide the others. */
const OUTSIDE = 0.005;
/** Area of a point, and the part of a panel that its circles cover at most where all are of one size. */
const [AREA, COVERED] = [8, 1 / 8];
/** Names of categories are upright where there are more of them, and shortened to so many pixels. */
const LEVEL = 3;
const UPRIGHT = 80;

/** Neighbouring columns, as many pairs as fit; the last of an odd number beside the one before it, a single column against its own order. */
const pairsOf = <Column>(columns: readonly Column[]): (readonly [x: Column, y: Column])[] =>
  Array.from({ length: Math.min(PAIRS, Math.ceil(columns.length / 2)) }, (_, i) =>
    Math.max(0, Math.min(2 * i, columns.length - 2)),
  ).flatMap((first) => {
    const [x, y = x] = columns.slice(first);
    return x !== undefined && y !== undefined ? [[x, y] as const] : [];
  });

/**
 * Draws pairs of columns as clouds of points: above those of real rows, below those of generated ones, on the same axes.
 * Rows at one place are a circle whose area grows with their share of the rows.
 *
 * @returns SVG
 */
export function scatterChart({ title, real, generated, ...options }: ScatterOptions): Promise<string> {
  const both = [real, generated];
  const width = options.columns.length;
  const columns = options.columns.slice(0, SHOWN.columns).map((column, at) => {
    const { categories, isDate } = column;
    const values = both.map(({ rows }) => valuesOf(rows, at, width));
    const domain = categories ? ([-0.5, categories.length - 0.5] as const) : domainOf(values[0] ?? []);
    return { ...column, at, values, domain, dates: isDate ? dateLabels(domain, 2) : undefined };
  });
  const pairs = pairsOf(columns);
  const color = colorBySeries(both, { symbol: "circle", width: pairs.length * SIDE });
  const axis = (
    field: "x" | "y",
    { name, categories, dates, step, domain, at }: (typeof columns)[number],
  ) => {
    const labelExpr = `column${at}[datum.value]`;
    return numbers(field, name, domain, {
      titleLimit: SIDE,
      ...(categories
        ? { values: [...categories.keys()], labelExpr, ...nameLabels(field, categories.length) }
        : dates
          ? { values: dates.values, labelExpr }
          : { tickCount: 4, ...(step !== undefined && { tickMinStep: step }) }),
    });
  };
  const panels = pairs.map(([x, y]) => ({
    x: axis("x", x),
    y: axis("y", y),
    circles: sized(
      both.map((_, series) => {
        const [xs = [], ys = []] = [x.values[series], y.values[series]];
        const points = xs.map((value, row): Point => ({ x: value, y: ys[row] ?? Number.NaN }));
        return { rows: points.length, places: placesOf(points, x.domain, y.domain) };
      }),
    ),
  }));
  const spec: TopLevelSpec = {
    columns: pairs.length,
    concat: both.flatMap((_, series) =>
      panels.map(({ x, y, circles }) => ({
        width: SIDE,
        height: SIDE,
        data: { values: (circles[series] ?? []).map((circle) => ({ ...circle, series: String(series) })) },
        mark: { type: "circle" as const, opacity: 1, fillOpacity: 0.6 },
        encoding: {
          x,
          y,
          size: { field: "area", type: "quantitative" as const, scale: null, legend: null },
          color,
        },
      })),
    ),
  };
  const texts = columns.map(
    ({ at, categories, dates }) => [`column${at}`, categories ?? dates?.texts ?? {}] as const,
  );
  return drawChart(spec, { title, texts: { ...namesOf(both), ...Object.fromEntries(texts) } });
}

/** How names of categories stand at an axis. */
const nameLabels = (field: "x" | "y", count: number) =>
  field === "y" || count > LEVEL
    ? { labelAngle: field === "y" ? 0 : -90, labelLimit: UPRIGHT }
    : { labelAngle: 0, labelLimit: SIDE / count - 6 };

/** A column of the first rows [n, width]. */
const valuesOf = (rows: ArrayLike<number>, column: number, width: number): number[] =>
  Array.from({ length: Math.min(SHOWN.rows, Math.floor(rows.length / width)) }, (_, row) =>
    Number(rows[row * width + column]),
  );

/** The places of the points inside of the axes, and how many lie there. */
function placesOf(points: readonly Point[], xs: Ends, ys: Ends): (Point & { count: number })[] {
  const places = new Map<string, Point & { count: number }>();
  for (const point of points) {
    if (!isWithin(point.x, xs) || !isWithin(point.y, ys)) continue;
    const key = `${point.x} ${point.y}`;
    const place = places.get(key) ?? { ...point, count: 0 };
    place.count++;
    places.set(key, place);
  }
  return [...places.values()];
}

/** The groups of a panel as circles: one area for one share of the rows, a row at least what is seen. */
function sized(
  groups: readonly Readonly<{ rows: number; places: readonly (Point & { count: number })[] }>[],
): (Point & { area: number })[][] {
  const filled = groups.filter(({ places }) => places.length > 0);
  // the area of all rows: no circle is larger than its part of the panel
  const whole = Math.min(
    ...filled.map(({ rows, places }) => {
      const most = Math.max(...places.map(({ count }) => count));
      const largest = Math.max(AREA, (COVERED * SIDE * SIDE) / places.length);
      return rows * Math.min(AREA, largest / most);
    }),
  );
  return groups.map(({ rows, places }) =>
    places.map(({ count, ...point }) => ({ ...point, area: Math.max(AREA, (whole * count) / rows) })),
  );
}

/** The interval of what a column mostly holds, with a margin. */
function domainOf(values: readonly number[]): Ends {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return [0, 1];
  const [low, high] = [quantile(sorted, OUTSIDE), quantile(sorted, 1 - OUTSIDE)];
  const pad = 0.1 * (high - low) || Math.max(1, Math.abs(low) * 1e-3);
  return [low - pad, high + pad];
}
