import { type ImageShape, imageSize } from "../data/image-set.js";
import { type Canvas, createCanvas, drawImage, drawText, MUTED, textHeight, textWidth } from "./canvas.js";

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

const scaleFor = ([, height]: ImageShape): number => Math.max(1, Math.round(CELL_HEIGHT / height));

/** Bytes of a picture for one of its images: three a pixel. */
export const cellBytes = ([channels, height, width]: ImageShape): number => {
  const scale = scaleFor([channels, height, width]);
  return 3 * (height * scale + GUTTER) * (width * scale + GUTTER);
};

/** Lays images out on a white ground, with a title above and labels beside the rows. */
export function imageGrid(options: ImageGridOptions): Canvas {
  const { images, shape, columns, title, subtitle, rowLabels = [] } = options;
  const [, height, width] = shape;
  const scale = options.scale ?? scaleFor(shape);
  const count = images.length / imageSize(shape);
  const rows = Math.ceil(count / columns);
  const pitch = { x: width * scale + GUTTER, y: height * scale + GUTTER };
  const labelWidth = Math.max(0, ...rowLabels.map((label) => textWidth(label)));
  const left = MARGIN + (labelWidth > 0 ? labelWidth + LABEL_GAP : 0);
  const lines = [title, subtitle].filter((line) => line !== undefined);
  const top = MARGIN + lines.length * (textHeight() + LINE_GAP) + (lines.length > 0 ? LINE_GAP / 2 : 0);
  const gridWidth = columns * pitch.x - GUTTER;
  const textRight = MARGIN + Math.max(0, ...lines.map((line) => textWidth(line)));
  const canvas = createCanvas(
    Math.max(left + gridWidth, textRight) + MARGIN,
    top + rows * pitch.y - GUTTER + MARGIN,
  );
  lines.forEach((line, index) => {
    const y = MARGIN + index * (textHeight() + LINE_GAP);
    drawText(canvas, MARGIN, y, line, index === 0 && title !== undefined ? {} : { color: MUTED });
  });
  rowLabels.forEach((label, row) => {
    const y = top + row * pitch.y + (pitch.y - GUTTER - textHeight()) / 2;
    drawText(canvas, left - LABEL_GAP - textWidth(label), y, label);
  });
  for (let index = 0; index < count; index++) {
    const image = images.subarray(index * imageSize(shape), (index + 1) * imageSize(shape));
    const x = left + (index % columns) * pitch.x;
    const y = top + Math.floor(index / columns) * pitch.y;
    drawImage(canvas, x, y, image, shape, scale);
  }
  return canvas;
}
