import { type Canvas, type Color, drawText, fillRect, MUTED, textWidth } from "./canvas.js";

/** Names in a row, each behind a square of its colour; where it ends. */
export function drawLegend(
  canvas: Canvas,
  x: number,
  y: number,
  entries: readonly Readonly<{ name: string; color: Color }>[],
): number {
  return entries.reduce((at, { name, color }) => {
    fillRect(canvas, at, y, 14, 14, color);
    drawText(canvas, at + 22, y, name, { color: MUTED });
    return at + 22 + textWidth(name) + 24;
  }, x);
}
