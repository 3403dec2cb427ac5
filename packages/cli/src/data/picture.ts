import { loadOptional } from "@flowify/core/internal";
import type { PixelSize } from "./array-images.js";
import type { Resizing } from "./format.js";

/** File endings of pictures. */
export const PICTURE = /\.(png|jpe?g|webp|gif|tiff?|avif)$/i;

const fits = { crop: "cover", fit: "contain", stretch: "fill" } as const;

/** Most pixels of a picture, 8,192 × 8,192: a small file may unpack to a picture that fills the memory. */
const MOST_PIXELS = 2 ** 26;

/** Planes of one picture, [channels, height, width], and whether its file is grey. */
export type Picture = Readonly<{ planes: Uint8Array; height: number; width: number; grey: boolean }>;

/** How a picture is read: in `channels` planes (1 grey, 3 RGB; by default those of the file), in a size or its own. */
type Wanted = Readonly<{
  channels?: number;
  size?: PixelSize | undefined;
  resize?: Resizing | undefined;
}>;

/**
 * Opens the library that decodes pictures.
 *
 * @returns decodes one, rotated according to its EXIF data and without its alpha channel; throws an Error if it is
 * damaged or not a picture
 * @throws UsageError if `sharp` is not installed
 */
export async function pictureDecoder(): Promise<(bytes: Uint8Array, wanted?: Wanted) => Promise<Picture>> {
  const { default: sharp } = await loadOptional(() => import("sharp"), {
    name: "sharp",
    what: "a picture",
    otherwise: "name the pixels as an array in a .npy file",
  });
  sharp.concurrency(1); // pictures are small, and the cores belong to the training step
  return async (bytes, { size, resize = "crop", channels: wanted } = {}) => {
    const file = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: "error" });
    const { space } = await file.metadata();
    const grey = space === "b-w" || space === "grey16";
    const channels = wanted ?? (grey ? 1 : 3);
    let image = file.autoOrient().removeAlpha();
    if (size) image = image.resize(size[1], size[0], { fit: fits[resize], background: "black" });
    image = channels === 1 ? image.greyscale() : image.toColourspace("srgb");
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { height, width } = info;
    return { planes: planes(data, info.channels, channels), height, width, grey };
  };
}

/** Pixels of interleaved channels as one plane per channel; grey may have three equal channels. */
function planes(data: Uint8Array, have: number, channels: number): Uint8Array {
  const places = data.length / have;
  const out = new Uint8Array(channels * places);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < places; i++) out[c * places + i] = data[i * have + Math.min(c, have - 1)] as number;
  return out;
}
