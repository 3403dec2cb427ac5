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

type CurvePoint = Readonly<{ step: number; value: number; stdErr?: number }>;

export type CurveOptions = Readonly<{
  title: string;
  /** What the figures are, at the axis. */
  unit: string;
  /** Every training step, in order. */
  training: readonly CurvePoint[];
  /** What was measured, under the name of its split; drawn in this order. */
  measured: readonly Readonly<{ split: string; points: readonly CurvePoint[] }>[];
  /** Steps of the whole run. */
  steps: number;
}>;

const TRAINING: Color = [150, 175, 200];
const MEASURED: readonly Color[] = [
  [38, 108, 176],
  [224, 130, 40],
];
const GRID: Color = [228, 231, 234];
const AXIS: Color = [120, 125, 130];

const WIDTH = 920;
const HEIGHT = 500;
const MARGIN = 16;
const LEFT = 76;
const TOP = 100;
const BOTTOM = 56;
/** Pixels of the picture for one point of the training curve. */
const BIN = 2;

/** Means over groups of neighbouring steps, so that there are at most `most` points. */
function bin(points: readonly CurvePoint[], most: number): CurvePoint[] {
  const size = Math.ceil(points.length / most);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, group) => {
    const members = points.slice(group * size, (group + 1) * size);
    const mean = (of: (point: CurvePoint) => number): number =>
      members.reduce((sum, point) => sum + of(point), 0) / members.length;
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) };
  });
}

/** The interval to show: all that was measured; of the training all but a few steep first steps. */
function range(training: readonly CurvePoint[], measured: readonly CurvePoint[]): [number, number] {
  const sorted = training.map(({ value }) => value).sort((a, b) => a - b);
  const ends = measured
    .flatMap(({ value, stdErr = 0 }) => [value - stdErr, value + stdErr])
    .filter(Number.isFinite);
  const low = Math.min(sorted[0] ?? Number.POSITIVE_INFINITY, ...ends);
  const usual = Math.max(sorted[Math.floor(0.95 * (sorted.length - 1))] ?? low, ...ends);
  const most = Math.max(sorted.at(-1) ?? low, usual);
  const high = most - low <= 2.5 * (usual - low) ? most : usual;
  const pad = 0.05 * (high - low) || 0.5;
  return [low - pad, high + pad];
}

/** Figures over the steps of a run: each step of the training, and what was measured. */
export function curveChart({ title, unit, training, measured, steps }: CurveOptions): Canvas {
  const canvas = createCanvas(Math.max(WIDTH, 2 * MARGIN + textWidth(title)), HEIGHT);
  const plot = { width: canvas.width - LEFT - MARGIN - 8, height: HEIGHT - TOP - BOTTOM };
  const line = bin(training, plot.width / BIN);
  const [low, high] = range(
    line,
    measured.flatMap(({ points }) => points),
  );
  const x = (step: number): number => LEFT + (step / steps) * plot.width;
  const y = (value: number): number => TOP + ((high - value) / (high - low)) * plot.height;
  const clip = { top: TOP, bottom: TOP + plot.height };

  drawText(canvas, MARGIN, MARGIN, title);
  drawLegend(canvas, MARGIN, MARGIN + 24, [
    {
      name: line.length < training.length ? "training (means of neighbouring steps)" : "training",
      color: TRAINING,
    },
    ...measured.map(({ split }, i) => ({ name: split, color: colorOf(i) })),
  ]);
  drawText(canvas, MARGIN, TOP - textHeight() - 10, unit, { color: MUTED });
  const across = roundTicks(low, high, 10);
  for (const value of across.values) {
    fillRect(canvas, LEFT, y(value), plot.width, 1, GRID);
    const label = across.label(value);
    drawText(canvas, LEFT - 8 - textWidth(label), y(value) - textHeight() / 2, label, { color: MUTED });
  }
  const along = roundTicks(0, steps, 8);
  for (const value of along.values) {
    fillRect(canvas, x(value), clip.bottom, 1, 5, AXIS);
    const label = along.label(value);
    const from = Math.min(x(value) - textWidth(label) / 2, canvas.width - MARGIN - textWidth(label));
    drawText(canvas, from, clip.bottom + 9, label, { color: MUTED });
  }
  drawText(canvas, canvas.width - MARGIN - textWidth("step"), HEIGHT - MARGIN - textHeight(), "step", {
    color: MUTED,
  });
  drawPath(canvas, line, x, y, { ...clip, color: TRAINING });
  measured.forEach(({ points }, i) => {
    const color = colorOf(i);
    drawPath(canvas, points, x, y, { ...clip, color });
    for (const { step, value, stdErr = 0 } of points) {
      fillRect(canvas, x(step) - 3, y(value) - 3, 7, 7, color);
      if (Number.isFinite(stdErr))
        fillRect(canvas, x(step), y(value + stdErr), 1, y(value) - y(value + 2 * stdErr), color);
    }
  });
  fillRect(canvas, LEFT, clip.bottom, plot.width, 1, AXIS);
  fillRect(canvas, LEFT, TOP, 1, plot.height, AXIS);
  return canvas;
}

const colorOf = (index: number): Color => MEASURED[index % MEASURED.length]!;

function drawPath(
  canvas: Canvas,
  points: readonly CurvePoint[],
  x: (step: number) => number,
  y: (value: number) => number,
  { color, top, bottom }: { color: Color; top: number; bottom: number },
): void {
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before)
      drawLine(canvas, x(before.step), y(before.value), x(point.step), y(point.value), {
        color,
        top,
        bottom,
      });
  });
}
