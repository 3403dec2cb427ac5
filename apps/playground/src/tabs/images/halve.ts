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
