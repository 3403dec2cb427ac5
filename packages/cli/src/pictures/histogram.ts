import { roundTicks } from "./axis.js";
import {
  type Canvas,
  type Color,
  createCanvas,
  drawLine,
  drawText,
  fillRect,
  MUTED,
  textHeight,
  textWidth,
} from "./canvas.js";
import { drawLegend } from "./legend.js";

export type Group = Readonly<{ name: string; values: ArrayLike<number> }>;

const COLORS: readonly Color[] = [
  [38, 108, 176],
  [224, 130, 40],
  [60, 150, 90],
  [170, 70, 140],
  [120, 125, 130],
];
const AXIS: Color = [120, 125, 130];

const WIDTH = 920;
const HEIGHT = 420;
const MARGIN = 16;
const TOP = 76;
const BOTTOM = 56;
const BINS = 120;
/** Values of a group beyond these of its quantiles do not widen the axis: they are counted at its ends. */
const SHOWN = 0.995;

/** From the lowest to the highest of what the groups have, but for their few most distant values. */
function range(groups: readonly Group[]): [low: number, high: number] {
  const ends = groups.flatMap(({ values }) => {
    const sorted = Float64Array.from(values).sort();
    return [1 - SHOWN, SHOWN].map((part) => sorted[Math.round(part * (sorted.length - 1))]!);
  });
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const pad = 0.02 * (high - low) || 0.5;
  return [low - pad, high + pad];
}

/** The part of the values in each bin; what lies outside is counted in the first and in the last. */
function parts(values: ArrayLike<number>, low: number, high: number): Float64Array {
  const counts = new Float64Array(BINS);
  for (const value of Array.from(values)) {
    const bin = Math.floor(((value - low) / (high - low)) * BINS);
    counts[Math.min(BINS - 1, Math.max(0, bin))]! += 1 / values.length;
  }
  return counts;
}

/** How the values of groups are spread along one axis: a step line a group, each of the same area. */
export function histogram(title: string, axis: string, groups: readonly Group[]): Canvas {
  const canvas = createCanvas(Math.max(WIDTH, 2 * MARGIN + textWidth(title)), HEIGHT);
  const [low, high] = range(groups);
  const heights = groups.map(({ values }) => parts(values, low, high));
  const highest = Math.max(...heights.flatMap((each) => Array.from(each)));
  const plot = { width: canvas.width - 2 * MARGIN, height: HEIGHT - TOP - BOTTOM };
  const x = (value: number): number => MARGIN + ((value - low) / (high - low)) * plot.width;
  const y = (part: number): number => TOP + (1 - part / highest) * plot.height;
  drawText(canvas, MARGIN, MARGIN, title);
  const colors = groups.map((_, i) => COLORS[i % COLORS.length]!);
  drawLegend(
    canvas,
    MARGIN,
    MARGIN + 24,
    groups.map(({ name }, i) => ({ name, color: colors[i]! })),
  );
  const ticks = roundTicks(low, high, 8);
  for (const value of ticks.values) {
    fillRect(canvas, x(value), TOP + plot.height, 1, 5, AXIS);
    const label = ticks.label(value);
    const from = x(value) - textWidth(label) / 2;
    if (from > 0 && from + textWidth(label) < canvas.width)
      drawText(canvas, from, TOP + plot.height + 9, label, { color: MUTED });
  }
  const at = canvas.width - MARGIN - textWidth(axis);
  drawText(canvas, at, HEIGHT - MARGIN - textHeight(), axis, { color: MUTED });
  fillRect(canvas, MARGIN, TOP + plot.height, plot.width, 1, AXIS);
  heights.forEach((bins, i) => {
    let before = 0;
    bins.forEach((part, bin) => {
      const [from, to] = [0, 1].map((step) => MARGIN + ((bin + step) / BINS) * plot.width) as [
        number,
        number,
      ];
      drawLine(canvas, from, y(before), from, y(part), { color: colors[i]! });
      drawLine(canvas, from, y(part), to, y(part), { color: colors[i]! });
      before = part;
    });
  });
  return canvas;
}
