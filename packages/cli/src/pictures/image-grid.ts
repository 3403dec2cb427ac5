import { UsageError } from "@flowify/core";
import { type ImageShape, imageSize } from "../data/image-set.js";
import { rowOf } from "../rows.js";
import { escapeXml } from "./escape.js";
import type { Canvas } from "./png.js";
import { FONT, openRenderer, type TextStyle } from "./render.js";

export type ImageGridOptions = {
  /** Bytes [rows · columns, C, H, W], row by row; a last row may be short. */
  images: Uint8Array;
  shape: ImageShape;
  columns: number;
  title?: string;
  /** One line under the title. */
  subtitle?: string;
  /** Written to the left of the rows. */
  rowLabels?: readonly string[];
  /** Pixels of the picture for one pixel of an image; by default what makes a cell about 56 pixels high. */
  scale?: number;
};

const MARGIN = 16;
const LINE_GAP = 8;
const LABEL_GAP = 12;
const CELL_HEIGHT = 56;
/** Between cells: visible beside black images and beside white ones. */
const GUTTER = 3;
const TITLE: TextStyle = { size: 16, weight: 600 };
const PLAIN: TextStyle = { size: 14 };

const scaleFor = ([, height]: ImageShape): number => Math.max(1, Math.round(CELL_HEIGHT / height));

/** Bytes of a picture for one of its images: three a pixel. */
export const cellBytes = ([channels, height, width]: ImageShape): number => {
  const scale = scaleFor([channels, height, width]);
  return 3 * (height * scale + GUTTER) * (width * scale + GUTTER);
};

/** Lays images out on a white ground, with a title above and labels beside the rows. */
export async function imageGrid(options: ImageGridOptions): Promise<Canvas> {
  const { images, shape, columns, title, subtitle, rowLabels = [] } = options;
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3)
    throw new UsageError(`a picture needs images of 1 or 3 channels, got ${channels}`);
  const { textWidth, rasterize } = await openRenderer();
  const scale = options.scale ?? scaleFor(shape);
  const count = images.length / imageSize(shape);
  const rows = Math.ceil(count / columns);
  const pitch = { x: width * scale + GUTTER, y: height * scale + GUTTER };
  const widest = (texts: readonly string[], style: TextStyle): number =>
    Math.ceil(Math.max(0, ...texts.map((text) => textWidth(text, style))));
  const lines = [
    ...(title === undefined ? [] : [{ text: title, style: TITLE, color: "#212121" }]),
    ...(subtitle === undefined ? [] : [{ text: subtitle, style: PLAIN, color: "#666666" }]),
  ];
  const labelWidth = widest(rowLabels, PLAIN);
  const left = MARGIN + (labelWidth > 0 ? labelWidth + LABEL_GAP : 0);
  const top =
    MARGIN +
    lines.reduce((sum, { style }) => sum + style.size + LINE_GAP, 0) +
    (lines.length > 0 ? LINE_GAP / 2 : 0);
  const textRight = MARGIN + Math.max(0, ...lines.map(({ text, style }) => widest([text], style)));
  const canvasWidth = Math.max(left + columns * pitch.x - GUTTER, textRight) + MARGIN;
  const canvasHeight = top + rows * pitch.y - GUTTER + MARGIN;
  const written = [
    ...lines.map(({ text, style, color }, line) =>
      textElement(MARGIN, MARGIN + style.size * 0.85 + line * (TITLE.size + LINE_GAP), text, style, color),
    ),
    ...rowLabels.map((label, row) => {
      const middle = top + row * pitch.y + (pitch.y - GUTTER) / 2;
      return textElement(
        left - LABEL_GAP,
        middle + PLAIN.size * 0.36,
        label,
        PLAIN,
        "#212121",
        'text-anchor="end"',
      );
    }),
  ];
  const ground = rasterize(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${canvasWidth}" height="${canvasHeight}">${written.join("")}</svg>`,
  );
  const canvas = { width: canvasWidth, height: canvasHeight, pixels: withoutAlpha(ground.rgba) };
  for (let index = 0; index < count; index++) {
    const image = rowOf(images, index, imageSize(shape));
    const x = left + (index % columns) * pitch.x;
    const y = top + Math.floor(index / columns) * pitch.y;
    drawImage(canvas, x, y, image, shape, scale);
  }
  return canvas;
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from++) if (from % 4 !== 3) rgb[to++] = rgba[from]!;
  return rgb;
}

const textElement = (
  x: number,
  y: number,
  text: string,
  { size, weight = 400 }: TextStyle,
  color: string,
  more = "",
): string =>
  `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}" font-weight="${weight}" fill="${color}" ${more}>${escapeXml(text)}</text>`;

/** Draws one image, bytes [C, H, W], each of its pixels as a square of `scale` pixels: digits stay as sharp as the data are. */
function drawImage(
  { width: canvasWidth, pixels }: Canvas,
  x: number,
  y: number,
  image: Uint8Array,
  [channels, height, width]: ImageShape,
  scale: number,
): void {
  const plane = height * width;
  for (let row = 0; row < height * scale; row++)
    for (let column = 0; column < width * scale; column++) {
      const from = Math.floor(row / scale) * width + Math.floor(column / scale);
      const to = 3 * ((y + row) * canvasWidth + x + column);
      for (let color = 0; color < 3; color++)
        pixels[to + color] = image[from + (channels === 1 ? 0 : color * plane)]!;
    }
}
