import sharp from "sharp";
import type { Canvas } from "./canvas.js";

// One thread: a picture takes milliseconds, and the cores belong to the training step.
sharp.concurrency(1);

/** The bytes of a PNG file; 8-bit grey where the canvas has no colour, else 8-bit RGB. */
export async function encodePng({ width, height, pixels }: Canvas): Promise<Uint8Array> {
  const grey = greyPixels(pixels);
  const image = grey
    ? sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace("b-w")
    : sharp(pixels, { raw: { width, height, channels: 3 } });
  const png = await image.png({ compressionLevel: 9 }).toBuffer();
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
