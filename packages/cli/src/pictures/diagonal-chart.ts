import { drawChart } from "./chart.js";
import { colorBySeries, namesOf, numbers, type Series } from "./series.js";
import { seriesColor, type Theme, TRAINING } from "./theme.js";

/** Shares from 0 to 1. */
export const PERCENT: readonly number[] = Array.from({ length: 101 }, (_, i) => i / 100);

export type DiagonalOptions = Readonly<{
  title: string;
  subtitle?: string;
  /** What the axes have, shares from 0 to 1. */
  x: string;
  y: string;
  lines: readonly (Series & Readonly<{ points: readonly (readonly [x: number, y: number])[] }>)[];
  /** Lines rise at once where a share is counted. Default false. */
  steps?: boolean;
  /** How far beside the diagonal chance alone leads. */
  band(x: number): number;
  theme?: Theme;
}>;

const SQUARE = 250;

/**
 * Draws shares against what they should be: the diagonal, with a band of chance around it.
 *
 * @returns SVG
 */
export function diagonalChart(options: DiagonalOptions): Promise<string> {
  const { title, subtitle, lines, band, steps = false, theme = "paper" } = options;
  const axis = { format: ".0%", tickCount: 5 };
  const x = numbers("x", options.x, [0, 1], axis);
  const y = numbers("y", options.y, [0, 1], axis);
  const limits = PERCENT.map((at) => ({
    x: at,
    y: Math.max(0, at - band(at)),
    high: Math.min(1, at + band(at)),
  }));
  const colored = lines.map((line, i) => ({ color: seriesColor(i), ...line }));
  const values = lines.flatMap(({ points }, series) =>
    points.map(([a, b]) => ({ x: a, y: b, series: String(series) })),
  );
  const colors = colorBySeries(colored, { symbol: "stroke", width: SQUARE });
  const color = lines.some(({ name }) => name !== "") ? colors : { ...colors, legend: null };
  return drawChart(
    {
      width: SQUARE,
      height: SQUARE,
      layer: [
        {
          data: { values: limits },
          mark: { type: "area", opacity: 1, fillOpacity: 0.25, color: TRAINING },
          encoding: { x, y, y2: { field: "high" } },
        },
        {
          data: { values },
          mark: { type: "line", strokeWidth: 2, interpolate: steps ? "step-after" : "linear" },
          encoding: { x, y, color },
        },
      ],
    },
    { title, theme, texts: namesOf(lines), ...(subtitle !== undefined && { subtitle }) },
  );
}
