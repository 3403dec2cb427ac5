import sharp from "sharp";

/** Pixels of picture number `index`, interleaved: no two pictures are alike. */
export const pixelsOf = (index: number, height: number, width: number, channels: 1 | 3): Uint8Array =>
  Uint8Array.from({ length: height * width * channels }, (_, i) => (index * 61 + i * 7) % 256);

/** The bytes of a PNG file with the pixels of `pixelsOf`. */
export async function pngBytes(
  index: number,
  height = 8,
  width = 6,
  channels: 1 | 3 = 1,
): Promise<Uint8Array> {
  const image = sharp(pixelsOf(index, height, width, channels), { raw: { height, width, channels } });
  return (channels === 1 ? image.toColourspace("b-w") : image).png().toBuffer();
}
