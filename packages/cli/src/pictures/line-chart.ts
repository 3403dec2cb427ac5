import { meanOf } from "../statistics.js";
import { drawChart } from "./chart.js";
import { colorBySeries, namesOf, numbers, type Series } from "./series.js";
import type { Theme } from "./theme.js";

export type Point = Readonly<{ step: number; value: number; stdErr?: number }>;

/** One line of a chart; `faint` ones lie behind, without marks. `dash`: pixels of strokes and gaps, a whole line without. */
export type ChartLine = Series &
  Readonly<{ points: readonly Point[]; faint?: boolean; dash?: readonly number[] }>;

export type LineChartOptions = Readonly<{
  title: string;
  /** What the figures are, at their axis. */
  unit: string;
  lines: readonly ChartLine[];
  /** Right end of the axis of steps. */
  steps: number;
  /** Pixels between the axes. */
  width?: number;
  height?: number;
  theme?: Theme;
}>;

/** Points that a faint line has at most: means of neighbours beyond. */
export const MOST = 400;

/** Figures over the steps of a run, as SVG; a figure that is not finite leaves a gap. */
export function lineChart(options: LineChartOptions): Promise<string> {
  const { title, unit, steps, width = 800, height = 340, theme = "paper" } = options;
  const lines = options.lines.map((line) => ({
    ...line,
    points: line.faint ? thinned(line.points) : line.points,
  }));
  const [low, high] = range(lines);
  const values = lines.flatMap(({ points, faint = false }, series) =>
    points.map(({ step, value, stdErr = Number.NaN }) => ({
      series: String(series),
      faint,
      step,
      // the axis leaves out the steep beginning of a faint line
      value: faint && value > high ? null : finite(value),
      low: finite(value - stdErr),
      high: finite(value + stdErr),
    })),
  );
  const x = numbers("step", "step", [0, Math.max(steps, 1)], {
    grid: false,
    tickCount: 8,
    format: ",d",
    tickMinStep: 1,
  });
  const y = numbers("value", unit, [low, high], { tickCount: 7 });
  const color = colorBySeries(options.lines, { symbol: "stroke", width });
  const strokeDash = {
    ...color,
    scale: { domain: color.scale.domain, range: options.lines.map(({ dash = [1, 0] }) => [...dash]) },
  };
  const measured = [{ filter: "!datum.faint" }];
  return drawChart(
    {
      width,
      height,
      data: { values },
      encoding: { x, color },
      layer: [
        {
          transform: [{ filter: "datum.faint" }],
          mark: { type: "line", strokeWidth: 1.2 },
          encoding: { y },
        },
        { transform: measured, mark: { type: "line", strokeWidth: 2 }, encoding: { y, strokeDash } },
        {
          transform: [...measured, { filter: "isValid(datum.low) && isValid(datum.high)" }],
          mark: { type: "rule" },
          encoding: { y: { ...y, field: "low" }, y2: { field: "high" } },
        },
        { transform: measured, mark: { type: "circle", size: 45, opacity: 1 }, encoding: { y } },
      ],
    },
    { title, theme, texts: namesOf(options.lines) },
  );
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Means over groups of neighbouring steps, of their finite figures. */
function thinned(points: readonly Point[]): Point[] {
  const size = Math.max(1, Math.ceil(points.length / MOST));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, group) => {
    const members = points.slice(group * size, (group + 1) * size);
    const values = members.map(({ value }) => value).filter(Number.isFinite);
    return { step: meanOf(members.map(({ step }) => step)), value: meanOf(values) };
  });
}

/** The interval to show: all that was measured; of faint lines all but a few steep first steps. */
function range(lines: readonly ChartLine[]): [low: number, high: number] {
  const faint = lines
    .flatMap((line) => (line.faint ? line.points.map(({ value }) => value) : []))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const ends = lines
    .flatMap((line) => (line.faint ? [] : line.points))
    .flatMap(({ value, stdErr = 0 }) => [value, value - stdErr, value + stdErr])
    .filter(Number.isFinite);
  if (faint.length + ends.length === 0) return [0, 1];
  const low = Math.min(...faint.slice(0, 1), ...ends);
  const usual = Math.max(...faint.slice(0, Math.ceil(0.95 * faint.length)).slice(-1), ...ends);
  const most = Math.max(usual, ...faint.slice(-1));
  const high = most - low <= 2.5 * (usual - low) ? most : usual;
  const pad = 0.05 * (high - low) || 0.5;
  return [low - pad, high + pad];
}
