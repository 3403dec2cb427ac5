import sharp from "sharp";
import type { PixelSize } from "./array-images.js";
import type { Resizing } from "./format.js";

// One thread: pictures are small, and the cores belong to the training step.
sharp.concurrency(1);

/** File endings of pictures. */
export const PICTURE = /\.(png|jpe?g|webp|gif|tiff?|avif)$/i;

const fits = { crop: "cover", fit: "contain", stretch: "fill" } as const;

/** Most pixels of a picture, 8,192 × 8,192: a small file may unpack to a picture that fills the memory. */
const MOST_PIXELS = 2 ** 26;

/** Planes of one picture, [channels, height, width], and whether its file is grey. */
export type Picture = Readonly<{ planes: Uint8Array; height: number; width: number; grey: boolean }>;

/**
 * Decodes a picture, rotated according to its EXIF data and without its alpha channel, into `channels` planes (1 grey,
 * 3 RGB; by default those of the file), in the given size or its own.
 *
 * @throws Error if it is damaged or not a picture
 */
export async function decodePicture(
  bytes: Uint8Array,
  options: Readonly<{ channels?: number; size?: PixelSize | undefined; resize?: Resizing | undefined }> = {},
): Promise<Picture> {
  const { size, resize = "crop" } = options;
  const file = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: "error" });
  const { space } = await file.metadata();
  const grey = space === "b-w" || space === "grey16";
  const channels = options.channels ?? (grey ? 1 : 3);
  let image = file.autoOrient().removeAlpha();
  if (size) image = image.resize(size[1], size[0], { fit: fits[resize], background: "black" });
  image = channels === 1 ? image.greyscale() : image.toColourspace("srgb");
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { height, width } = info;
  return { planes: planes(data, info.channels, channels), height, width, grey };
}

/** Pixels of interleaved channels as one plane per channel; grey may have three equal channels. */
function planes(data: Uint8Array, have: number, channels: number): Uint8Array {
  const places = data.length / have;
  const out = new Uint8Array(channels * places);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < places; i++) out[c * places + i] = data[i * have + Math.min(c, have - 1)] as number;
  return out;
}
