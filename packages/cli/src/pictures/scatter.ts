import {
  type Canvas,
  type Color,
  createCanvas,
  drawText,
  fillRect,
  MUTED,
  textHeight,
  textWidth,
} from "./canvas.js";
import { drawLegend } from "./legend.js";

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

const REAL: Color = [38, 108, 176];
const GENERATED: Color = [224, 130, 40];
const FRAME: Color = [200, 205, 210];

const MARGIN = 16;
const SIDE = 200;
const GAP = 12;
const DOT = 2;
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

/** Pairs of columns as clouds of points: above those of real rows, below those of generated ones, on the same axes. */
export function scatterChart({ title, columns, label, real, generated }: ScatterOptions): Canvas {
  const pairs = pairsOf(columns);
  const width = Math.max(2 * MARGIN + pairs.length * (SIDE + GAP) - GAP, 2 * MARGIN + textWidth(title), 420);
  const top = MARGIN + 2 * (textHeight() + GAP);
  const height = top + 2 * (SIDE + GAP) + textHeight() + MARGIN;
  const canvas = createCanvas(width, height);
  drawText(canvas, MARGIN, MARGIN, title);
  drawLegend(canvas, MARGIN, MARGIN + textHeight() + GAP, [
    { name: real.name, color: REAL },
    { name: generated.name, color: GENERATED },
  ]);
  pairs.forEach(([x, y], place) => {
    const left = MARGIN + place * (SIDE + GAP);
    const axes = [axisOf(real.rows, columns, x), axisOf(real.rows, columns, y)] as const;
    for (const [row, { rows }, color] of [
      [0, real, REAL],
      [1, generated, GENERATED],
    ] as const) {
      const upper = top + row * (SIDE + GAP);
      drawFrame(canvas, left, upper);
      const count = Math.min(POINTS, rows.length / columns);
      for (let i = 0; i < count; i++) {
        const [u, v] = [axes[0](rows[i * columns + x]!), axes[1](rows[i * columns + y]!)];
        if (u >= 0 && u <= 1 && v >= 0 && v <= 1)
          fillRect(canvas, left + u * (SIDE - DOT), upper + (1 - v) * (SIDE - DOT), DOT, DOT, color);
      }
    }
    const text = columns === 1 ? `column ${label(x)}` : `columns ${label(x)}, ${label(y)}`;
    drawText(canvas, left, top + 2 * (SIDE + GAP), fitting(text, SIDE), { color: MUTED });
  });
  return canvas;
}

/** The text, cut to a width. */
function fitting(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = text;
  while (kept.length > 1 && textWidth(`${kept}..`) > width) kept = kept.slice(0, -1);
  return `${kept}..`;
}

/** Where a value lies between the ends of what a column mostly holds, 0 to 1. */
function axisOf(rows: Float32Array, columns: number, column: number): (value: number) => number {
  const sorted = Float64Array.from(
    { length: rows.length / columns },
    (_, i) => rows[i * columns + column]!,
  ).sort();
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [at(OUTSIDE), at(1 - OUTSIDE)];
  const pad = 0.1 * (high - low) || Math.max(1, Math.abs(low) * 1e-3);
  return (value) => (value - low + pad) / (high - low + 2 * pad);
}

function drawFrame(canvas: Canvas, left: number, top: number): void {
  for (const [x, y, w, h] of [
    [left, top, SIDE, 1],
    [left, top + SIDE, SIDE, 1],
    [left, top, 1, SIDE],
    [left + SIDE, top, 1, SIDE + 1],
  ] as const)
    fillRect(canvas, x, y, w, h, FRAME);
}
