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
import { type Scale, scaleFor } from "./scale.js";

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

/** How much higher than the first group another is drawn. */
const HIGHER_AT_MOST = 3;
/** What the shape of the first group is judged by: the middle 90 % of it. */
const MIDDLE = 0.95;

/** The values that part of a group lies between, its few most distant ones left out. */
function between({ values }: Group, part: number): [low: number, high: number] {
  const sorted = Float64Array.from(values).sort();
  const at = (where: number): number => sorted[Math.round(where * (sorted.length - 1))]!;
  return [at(1 - part), at(part)];
}

/** An axis for all groups, on which the first has a shape however far off the others lie. */
function scaleOf(groups: readonly Group[]): Scale {
  const ends = groups.flatMap((group) => between(group, SHOWN));
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const [first, last] = between(groups[0]!, MIDDLE);
  if (low === high) return scaleFor(low - 0.5, high + 0.5, low - 0.5, high + 0.5);
  // a little room beside the outermost values, of the size that the axis has there
  const pad = 0.02 * (high - low);
  const near = 0.1 * Math.max(last - first, pad / 20);
  return scaleFor(
    low - Math.min(pad, near + 0.02 * (first - low)),
    high + Math.min(pad, near + 0.02 * (high - last)),
    first,
    last,
  );
}

/** The part of the values in each bin; what lies outside is counted in the first and in the last. */
function parts(values: ArrayLike<number>, scale: Scale): Float64Array {
  const counts = new Float64Array(BINS);
  for (const value of Array.from(values)) {
    const bin = Math.floor(scale.place(value) * BINS);
    counts[Math.min(BINS - 1, Math.max(0, bin))]! += 1 / values.length;
  }
  return counts;
}

/**
 * How the values of groups are spread along one axis: a step line a group, its height the part of the group's values
 * that lies there.
 */
export function histogram(title: string, axis: string, groups: readonly Group[]): Canvas {
  const canvas = createCanvas(Math.max(WIDTH, 2 * MARGIN + textWidth(title)), HEIGHT);
  const scale = scaleOf(groups);
  const heights = groups.map(({ values }) => parts(values, scale));
  const peaks = heights.map((each) => Math.max(...each));
  // a group that lies in a bin or two would press all others flat: it is cut off, with its part written beside it
  const highest = Math.min(Math.max(...peaks), HIGHER_AT_MOST * peaks[0]!);
  const plot = { width: canvas.width - 2 * MARGIN, height: HEIGHT - TOP - BOTTOM };
  const x = (value: number): number => MARGIN + scale.place(value) * plot.width;
  const y = (part: number): number => TOP + (1 - Math.min(part / highest, 1)) * plot.height;
  drawText(canvas, MARGIN, MARGIN, title);
  const colors = groups.map((_, i) => COLORS[i % COLORS.length]!);
  drawLegend(
    canvas,
    MARGIN,
    MARGIN + 24,
    groups.map(({ name }, i) => ({ name, color: colors[i]! })),
  );
  const ticks = scale.ticks(8);
  for (const value of ticks.values) {
    fillRect(canvas, x(value), TOP + plot.height, 1, 5, AXIS);
    const label = ticks.label(value);
    const from = x(value) - textWidth(label) / 2;
    if (from > 0 && from + textWidth(label) < canvas.width)
      drawText(canvas, from, TOP + plot.height + 9, label, { color: MUTED });
  }
  const named = `${axis}${scale.remark}`;
  const at = canvas.width - MARGIN - textWidth(named);
  drawText(canvas, at, HEIGHT - MARGIN - textHeight(), named, { color: MUTED });
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
      const isFirstCut = part > highest && !(before > highest);
      before = part;
      if (!isFirstCut) return;
      const end = bins.findIndex((each, at) => at > bin && each <= highest);
      const cut = bins.subarray(bin, end === -1 ? BINS : end).reduce((sum, each) => sum + each, 0);
      const text = `${Math.round(100 * cut)}%`;
      const wide = textWidth(text) + 4;
      drawText(canvas, from - wide > MARGIN ? from - wide : to + 6, TOP, text, { color: colors[i]! });
    });
  });
  return canvas;
}
