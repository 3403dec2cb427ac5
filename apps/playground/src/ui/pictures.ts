import { pathOf } from "./files.js";

/** Most pixels of one picture: a larger one is a mistake or a decompression bomb. */
const MOST_PIXELS = 100_000_000;
/** Most numbers of all pictures together, one byte each. */
const MOST_NUMBERS = 256 * 2 ** 20;

type Shape = readonly [channels: number, height: number, width: number];
export type Pictures = Readonly<{
  pixels: Uint8Array<ArrayBuffer>;
  count: number;
  skipped: readonly string[];
}>;

/**
 * Pictures as bytes [n, C, H, W]: each scaled to fill the size and cropped to its middle; grey is the luminance of the
 * colours (Rec. 709). Files that are not pictures are skipped and named.
 *
 * @throws Error if there are too many
 */
export async function readPictures(
  files: readonly File[],
  shape: Shape,
  tell: (done: number) => void,
): Promise<Pictures> {
  const [channels, height, width] = shape;
  const size = channels * height * width;
  if (files.length * size > MOST_NUMBERS)
    throw new Error(
      `${files.length} pictures are too many for this page, expected at most ${Math.floor(MOST_NUMBERS / size)} of this size. Drop fewer.`,
    );
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context)
    throw new Error(
      "This browser has no OffscreenCanvas, so the page cannot read pictures. Use a recent browser.",
    );
  const pixels = new Uint8Array(files.length * size);
  const skipped: string[] = [];
  let count = 0;
  for (const [i, file] of inOrder(files).entries()) {
    tell(i);
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => undefined);
    if (!bitmap || bitmap.width * bitmap.height > MOST_PIXELS) {
      skipped.push(file.name);
      continue;
    }
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const [w, h] = [bitmap.width * scale, bitmap.height * scale];
    context.clearRect(0, 0, width, height);
    context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
    bitmap.close();
    planes(
      context.getImageData(0, 0, width, height).data,
      channels,
      pixels.subarray(count * size, (count + 1) * size),
    );
    count++;
  }
  return { pixels: pixels.slice(0, count * size), count, skipped };
}

/** Sorted by the code units of their paths, as in the command. */
const inOrder = (files: readonly File[]): File[] =>
  [...files].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));

function planes(rgba: Uint8ClampedArray, channels: number, out: Uint8Array): void {
  const plane = rgba.length / 4;
  for (let at = 0; at < plane; at++) {
    const [r = 0, g = 0, b = 0] = rgba.subarray(4 * at, 4 * at + 3);
    if (channels === 1) out[at] = Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b);
    else [out[at], out[plane + at], out[2 * plane + at]] = [r, g, b];
  }
}
