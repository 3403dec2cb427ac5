import { UsageError } from "@flowify/core";
import { type ImageShape, imageSize } from "../data/image-set.js";
import { eachDot, GLYPH_HEIGHT, textDots } from "./font.js";

export type Color = readonly [red: number, green: number, blue: number];

/** A picture in memory: 8-bit RGB, row-major. */
export type Canvas = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

export type TextOptions = { scale?: number; color?: Color };

const INK: Color = [33, 33, 33];
/** For what explains, beside what is said. */
export const MUTED: Color = [115, 115, 115];

export function createCanvas(width: number, height: number, background: Color = [255, 255, 255]): Canvas {
  const canvas = { width, height, pixels: new Uint8Array(width * height * 3) };
  fillRect(canvas, 0, 0, width, height, background);
  return canvas;
}

/** Fills a rectangle; what lies outside the canvas is clipped. */
export function fillRect(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  height: number,
  color: Color,
): void {
  const left = Math.max(0, Math.round(x));
  const right = Math.min(canvas.width, Math.round(x + width));
  const top = Math.max(0, Math.round(y));
  const bottom = Math.min(canvas.height, Math.round(y + height));
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      canvas.pixels.set(color, (row * canvas.width + column) * 3);
    }
  }
}

/** Draws a line, two pixels thick, as far as it lies between the heights `top` and `bottom`. */
export function drawLine(
  canvas: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  { color, top = 0, bottom = canvas.height }: { color: Color; top?: number; bottom?: number },
): void {
  const dots = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  for (let dot = 0; dot <= dots; dot++) {
    const y = y0 + ((y1 - y0) * dot) / dots;
    if (y >= top && y <= bottom) fillRect(canvas, x0 + ((x1 - x0) * dot) / dots, y, 2, 2, color);
  }
}

export const textWidth = (text: string, scale = 2): number => textDots(text) * scale;
export const textHeight = (scale = 2): number => GLYPH_HEIGHT * scale;

/** Writes a text with its top left corner at (x, y); one dot of the font is `scale` pixels wide. */
export function drawText(
  canvas: Canvas,
  x: number,
  y: number,
  text: string,
  options: TextOptions = {},
): void {
  const { scale = 2, color = INK } = options;
  eachDot(text, (column, row) => {
    fillRect(canvas, x + column * scale, y + row * scale, scale, scale, color);
  });
}

/**
 * Draws one image, bytes [C, H, W] with one channel (grey) or three (RGB), each of its pixels as a
 * square of `scale` pixels: digits stay as sharp as the data are.
 */
export function drawImage(
  canvas: Canvas,
  x: number,
  y: number,
  image: Uint8Array,
  shape: ImageShape,
  scale: number,
): void {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(`a picture needs images of 1 or 3 channels, got ${channels}`);
  }
  if (image.length !== imageSize(shape)) {
    throw new UsageError(`an image [${shape.join(", ")}] has ${imageSize(shape)} bytes, got ${image.length}`);
  }
  const plane = height * width;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const red = image[at]!;
      const color: Color =
        channels === 1 ? [red, red, red] : [red, image[at + plane]!, image[at + 2 * plane]!];
      fillRect(canvas, x + column * scale, y + row * scale, scale, scale, color);
    }
  }
}
