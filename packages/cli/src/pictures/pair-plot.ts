import { valueAt } from "../places.js";
import { drawChart } from "./chart.js";
import { linesAround, type Point, type ShareLines } from "./contours.js";
import { colorBySeries, type Ends, isWithin, namesOf, numbers } from "./series.js";
import { BOUND, STEPS, seriesColor, TRAINING } from "./theme.js";

export type PairPlotOptions = Readonly<{
  title: string;
  subtitle?: string;
  /** Names of the numbers, and the ends of their axes. */
  columns: readonly Readonly<{ name: string; range: Ends }>[];
  /** Rows of a number for each column, one after another. Points are those of the first group. */
  groups: readonly Readonly<{ name: string; rows: ArrayLike<number> }>[];
  /** A row that is marked. */
  mark?: Readonly<{ name: string; row: ArrayLike<number> }> | undefined;
}>;

/** Pixels of a panel, at most and at least, of all panels beside each other, and between two. */
const [MOST, LEAST, ALL, GAP] = [260, 90, 640, 14] as const;
/** Bins of a histogram, and points that are shown. */
const [BINS, POINTS] = [40, 500] as const;
/** Cells of a side that contours are found on, of few points and of at least so many. */
const [COARSE, FINE, MANY] = [40, 64, 2000] as const;
const FRAME = "#c8ced4";
/** Under the names of colours: contours are lines, and so is what is marked. */
const LINES = { strokeWidth: 1.5 } as const;

/**
 * Draws rows of numbers in pairs: lines that hold 50, 80 and 95 % of a group below the diagonal, histograms of one number each on
 * it.
 *
 * @returns SVG
 */
export function pairPlot(options: PairPlotOptions): Promise<string> {
  const { title, subtitle, columns, groups, mark } = options;
  const n = columns.length;
  const side = Math.max(LEAST, Math.min(MOST, (ALL - (n - 1) * GAP) / n));
  const values = groups.map(({ rows }) => columns.map((_, k) => everyNth(rows, n, k)));
  // the same for all, which are as smooth then
  const cells = Math.min(...groups.map(({ rows }) => rows.length / n)) < MANY ? COARSE : FINE;
  const series = [
    ...groups.map(({ name }, i) => ({ name, color: seriesColor(i === 0 ? 0 : i + 1) })),
    ...(mark ? [{ name: mark.name, color: BOUND }] : []),
  ];
  const colors = colorBySeries(series, { symbol: "stroke", width: n * (side + GAP) });
  const color = series.length > 1 ? colors : { ...colors, legend: null };
  const axis = (field: "x" | "y", k: number, isShown: boolean) => {
    const { name, range } = columns[k] as (typeof columns)[number];
    const hidden = { labels: false, ticks: false, title: null };
    return numbers(field, name, range, {
      grid: false,
      tickCount: n > 3 ? 3 : 4,
      labelOverlap: true,
      titleLimit: side,
      ...(!isShown && hidden),
    });
  };
  const frame = { width: side, height: side, view: { stroke: FRAME } };
  const markedBy = (of: { x?: number; y?: number }) => ({
    values: [{ ...of, series: String(groups.length) }],
  });
  const panel = (row: number, column: number) => {
    if (column > row)
      return { ...frame, view: { stroke: null }, data: { values: [] }, mark: "point" as const };
    const x = axis("x", column, row === n - 1);
    if (column === row) return { ...frame, layer: histogramLayers(row, x) };
    const y = axis("y", row, column === 0);
    return { ...frame, layer: panelLayers(column, row, { x, y }) };
  };
  function histogramLayers(k: number, x: object) {
    const { range } = columns[k] as (typeof columns)[number];
    const heights = values.map((own) => shares(own[k] as number[], range));
    const highest = 1.1 * Math.max(...heights.flat());
    const y = numbers("share", "", [0, highest], { labels: false, ticks: false, title: null, grid: false });
    return [
      {
        data: { values: heights.flatMap((each, i) => steps(each, range, String(i))) },
        mark: STEPS,
        encoding: { x, y: { ...y, stack: null }, color },
      },
      ...(mark
        ? [
            {
              data: markedBy({ x: mark.row[k] as number }),
              mark: { type: "rule" as const, ...LINES },
              encoding: { x, color },
            },
          ]
        : []),
    ];
  }
  function panelLayers(column: number, row: number, encoding: { x: object; y: object }) {
    const [xs, ys] = [column, row].map((k) => (columns[k] as (typeof columns)[number]).range) as [Ends, Ends];
    const pointsOf = (own: readonly number[][]): (readonly [number, number])[] =>
      (own[column] as number[]).map((a, i) => [a, own[row]?.[i] as number] as const);
    const lines = values.map((own) => linesAround(pointsOf(own), xs, ys, cells));
    const points = pointsOf(values[0] as number[][]).slice(0, POINTS);
    return [
      ...pairLayers(points, lines, [xs, ys], { ...encoding, color }),
      ...(mark
        ? (["x", "y"] as const).map((field) => ({
            data: markedBy({ [field]: mark.row[field === "x" ? column : row] as number }),
            mark: { type: "rule" as const, ...LINES },
            encoding: { [field]: encoding[field], color },
          }))
        : []),
    ];
  }
  const places = [...columns.keys()];
  const spec = {
    columns: n,
    spacing: GAP,
    bounds: "flush" as const,
    concat: places.flatMap((row) => places.map((column) => panel(row, column))),
  };
  return drawChart(spec, {
    title,
    texts: namesOf(series),
    ...(subtitle !== undefined && { subtitle }),
  });
}

/** Points of a chart inside of its axes. No clipping: its marks have names, which several charts on a page would share. */
export const pointsWithin = (points: readonly Point[], xs: Ends, ys: Ends) => ({
  values: points.flatMap(([x, y]) => (isWithin(x, xs) && isWithin(y, ys) ? [{ x, y }] : [])),
});

/** Points in pairs of numbers, and lines around shares of groups in the colour of each. */
export function pairLayers(
  points: readonly Point[],
  groups: readonly (readonly ShareLines[])[],
  [xs, ys]: readonly [Ends, Ends],
  { color, ...places }: Readonly<{ x: object; y: object; color: object }>,
) {
  const around = groups.flatMap((all, series) =>
    all.flatMap(({ lines, share }) =>
      lines.flatMap((line, i) =>
        Array.from({ length: line.length / 2 }, (_, at) => ({
          x: valueAt(line, 2 * at),
          y: valueAt(line, 2 * at + 1),
          at,
          line: `${share} ${i}`,
          series: String(series),
        })),
      ),
    ),
  );
  const along = {
    detail: { field: "line", type: "nominal" as const },
    order: { field: "at", type: "quantitative" as const },
  };
  return [
    {
      data: pointsWithin(points, xs, ys),
      mark: { type: "circle" as const, size: 8, opacity: 1, fillOpacity: 0.35, color: TRAINING },
      encoding: places,
    },
    {
      data: { values: around },
      mark: { type: "line" as const, strokeWidth: 1.5 },
      encoding: { ...places, ...along, color },
    },
  ];
}

const everyNth = (rows: ArrayLike<number>, n: number, k: number): number[] =>
  Array.from({ length: Math.floor(rows.length / n) }, (_, i) => rows[i * n + k] as number);

/** The share of the values in each bin. */
function shares(values: readonly number[], [low, high]: Ends): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values)
    if (isWithin(value, [low, high]))
      counts[Math.min(Math.floor(((value - low) / (high - low)) * BINS), BINS - 1)]! += 1 / values.length;
  return counts;
}

/** The corners of bars. */
const steps = (heights: readonly number[], [low, high]: Ends, series: string) =>
  [...heights, valueAt(heights, heights.length - 1)].map((share, i) => ({
    x: low + (i / heights.length) * (high - low),
    share,
    series,
  }));
