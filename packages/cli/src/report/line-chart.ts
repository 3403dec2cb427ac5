import { roundTicks } from "../pictures/axis.js";
import { escapeHtml } from "./escape.js";
import type { Point } from "./run-summary.js";

/** One line of a chart; `faint` ones lie behind, without marks. */
export type ChartLine = Readonly<{ name: string; color: string; points: readonly Point[]; faint?: boolean }>;

export type LineChartOptions = Readonly<{
  /** What a screen reader says in place of the picture. */
  title: string;
  lines: readonly ChartLine[];
  /** Right end of the axis of steps. */
  steps: number;
  /** Pixels of the drawing's own coordinates; it is scaled to the page. */
  width?: number;
  height?: number;
}>;

const [LEFT, RIGHT, TOP, BOTTOM] = [56, 36, 10, 52];

/** Points that a line has at most: means of neighbours beyond. */
const MOST = 300;

/** Figures over steps, as an SVG picture. */
export function lineChart({ title, lines, steps, width = 720, height = 320 }: LineChartOptions): string {
  const binned = lines.map((line) => ({ ...line, points: thinned(line.points) }));
  const [low, high] = range(binned);
  const x = (step: number): number => LEFT + (step / Math.max(steps, 1)) * (width - LEFT - RIGHT);
  const y = (value: number): number =>
    TOP + ((high - Math.min(Math.max(value, low), high)) / (high - low)) * (height - TOP - BOTTOM);
  const across = roundTicks(low, high, 6);
  const along = roundTicks(0, steps, 6);
  const grid = across.values.map(
    (value) =>
      `<line class="grid" x1="${LEFT}" x2="${width - RIGHT}" y1="${at(y(value))}" y2="${at(y(value))}"/>` +
      `<text class="tick" x="${LEFT - 8}" y="${at(y(value) + 4)}" text-anchor="end">${across.label(value)}</text>`,
  );
  const marks = along.values.map(
    (value) =>
      `<text class="tick" x="${at(x(value))}" y="${height - BOTTOM + 22}" text-anchor="middle">${along.label(value)}</text>`,
  );
  const paths = binned.map(({ points, color, faint = false }) => {
    const path = points
      .map(({ step, value }, i) => `${i ? "L" : "M"}${at(x(step))} ${at(y(value))}`)
      .join("");
    const dots = faint
      ? ""
      : points
          .map(
            ({ step, value }) => `<circle cx="${at(x(step))}" cy="${at(y(value))}" r="3.5" fill="${color}"/>`,
          )
          .join("");
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${faint ? 1.2 : 2}" opacity="${faint ? 0.55 : 1}"/>${dots}`;
  });
  const legend = lines
    .map(({ name, color }) => `<li><span style="background:${color}"></span>${escapeHtml(name)}</li>`)
    .join("");
  return [
    `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    ...grid,
    ...marks,
    `<text class="tick" x="${width - RIGHT}" y="${height - 4}" text-anchor="end">step</text>`,
    ...paths,
    `</svg><ul class="legend">${legend}</ul></figure>`,
  ].join("");
}

const at = (value: number): string => value.toFixed(1);

function thinned(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / MOST);
  return Array.from({ length: Math.ceil(points.length / Math.max(size, 1)) }, (_, group) => {
    const members = points.slice(group * size, (group + 1) * size);
    const mean = (of: (point: Point) => number): number =>
      members.reduce((sum, point) => sum + of(point), 0) / members.length;
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) };
  });
}

/** All marked points, and of the faint lines all but their steep beginnings. */
function range(lines: readonly ChartLine[]): [number, number] {
  const values = lines.flatMap(({ points, faint }) => {
    const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
    return faint ? sorted.slice(0, Math.ceil(0.95 * sorted.length)) : sorted;
  });
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = 0.06 * (high - low) || 0.5;
  return [low - pad, high + pad];
}
