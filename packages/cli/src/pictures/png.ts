import { encode } from "fast-png";
import { openRenderer } from "./render.js";

/** A picture in memory: 8-bit RGB, row-major. */
export type Canvas = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

/** Pixels of a file for one of a chart: sharp on dense screens. */
const CHART_ZOOM = 2;

/** The bytes of a PNG file of a drawing in SVG, on white and with the bundled font only. */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { rasterize } = await openRenderer();
  return rasterize(svg, CHART_ZOOM).png();
}

/** The bytes of a PNG file; 8-bit grey where the canvas has no colour, else 8-bit RGB. */
export function encodePng({ width, height, pixels }: Canvas): Uint8Array {
  const grey = greyPixels(pixels);
  return encode({ width, height, data: grey ?? pixels, channels: grey ? 1 : 3 });
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
