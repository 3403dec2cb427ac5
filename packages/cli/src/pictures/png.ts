import sharp, { type Sharp } from "sharp";
import { openRenderer } from "./render.js";

/** A picture in memory: 8-bit RGB, row-major. */
export type Canvas = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

/** Pixels of a file for one of a chart: sharp on dense screens. */
const CHART_ZOOM = 2;

// One thread: a picture takes milliseconds, and the cores belong to the training step.
sharp.concurrency(1);

/** The bytes of a PNG file of a drawing in SVG, on white and with the bundled font only. */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { rasterize } = await openRenderer();
  const { width, height, rgba } = rasterize(svg, CHART_ZOOM);
  return bytesOf(
    sharp(rgba, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .png(),
  );
}

/** The bytes of a PNG file; 8-bit grey where the canvas has no colour, else 8-bit RGB. */
export async function encodePng({ width, height, pixels }: Canvas): Promise<Uint8Array> {
  const grey = greyPixels(pixels);
  const image = grey
    ? sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace("b-w")
    : sharp(pixels, { raw: { width, height, channels: 3 } });
  return bytesOf(image.png({ compressionLevel: 9 }));
}

async function bytesOf(image: Sharp): Promise<Uint8Array> {
  const png = await image.toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.byteLength);
}

/** One byte a pixel, or undefined where a pixel has a colour. */
function greyPixels(pixels: Uint8Array): Uint8Array | undefined {
  const grey = new Uint8Array(pixels.length / 3);
  for (let at = 0; at < pixels.length; at += 3) {
    const value = pixels[at]!;
    if (value !== pixels[at + 1] || value !== pixels[at + 2]) return undefined;
    grey[at / 3] = value;
  }
  return grey;
}
