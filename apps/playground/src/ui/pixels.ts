/** Numbers of a model's pixels as bytes. */
export const toPixels = (numbers: ArrayLike<number>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Uint8ClampedArray.from(numbers).buffer);

/** One image [C, H, W] as canvas image data. */
export function imageData(
  pixels: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
): ImageData {
  const image = new ImageData(width, height);
  const plane = height * width;
  for (let at = 0; at < plane; at++) {
    for (let c = 0; c < 3; c++) image.data[4 * at + c] = pixels[channels === 1 ? at : c * plane + at] ?? 0;
    image.data[4 * at + 3] = 255;
  }
  return image;
}

/** Images of half the side: each pixel the mean of four. */
export function halve(images: ArrayLike<number>, side: number): Uint8Array<ArrayBuffer> {
  const half = side / 2;
  const out = new Uint8Array(images.length / 4);
  for (let i = 0; i < out.length; i++) {
    const [image, within] = [Math.floor(i / half ** 2), i % half ** 2];
    const at = image * side ** 2 + 2 * Math.floor(within / half) * side + 2 * (within % half);
    out[i] = Math.round((images[at]! + images[at + 1]! + images[at + side]! + images[at + side + 1]!) / 4);
  }
  return out;
}
