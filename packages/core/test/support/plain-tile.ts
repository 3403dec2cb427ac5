/** Tiles once more by loops over windows and pixels, without the library's unfold. */
import type { Windows } from "../../src/math/windows.js";

type ImageShape = readonly [channels: number, height: number, width: number];

/** For every pixel of the image, row-major, the entries of the tile that copy it. */
export function copiesOf([channels, height, width]: ImageShape, [rows, columns]: Windows): number[][] {
  const copies = Array.from({ length: channels * height * width }, (): number[] => []);
  let entry = 0;
  for (let i = 0; i < rows.count; i++)
    for (let j = 0; j < columns.count; j++)
      for (let c = 0; c < channels; c++)
        for (let a = 0; a < rows.size; a++)
          for (let b = 0; b < columns.size; b++) {
            const y = i * rows.stride + a * rows.dilation;
            const x = j * columns.stride + b * columns.dilation;
            copies[(c * height + y) * width + x]!.push(entry++);
          }
  return copies;
}

/** An orthonormal basis of the vectors of n entries whose sum is 0: n − 1 of them (Helmert's). */
export const sumToZero = (n: number): number[][] =>
  Array.from({ length: Math.max(n - 1, 0) }, (_, k) => {
    const scale = 1 / Math.sqrt((k + 1) * (k + 2));
    return Array.from({ length: n }, (_v, i) => (i <= k ? scale : i === k + 1 ? -(k + 1) * scale : 0));
  });

type GapNumbers = { slope: number[]; offset: number[]; logStd: number[] };

/** Mean and standard deviation of every pixel from the mean of the covered ones within a stride of it. */
export function gapMoments(
  params: GapNumbers | undefined,
  x: readonly number[],
  [channels, height, width]: ImageShape,
  copies: readonly number[][],
  [rows, columns]: Windows,
): { mean: number[]; std: number[] } {
  const mean = new Array<number>(x.length).fill(0);
  const std = new Array<number>(x.length).fill(1);
  if (!params) return { mean, std };
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const near: number[] = [];
        for (let y = i - rows.stride; y <= i + rows.stride; y++)
          for (let k = j - columns.stride; k <= j + columns.stride; k++) {
            if (y < 0 || y >= height || k < 0 || k >= width) continue;
            const pixel = (c * height + y) * width + k;
            if (copies[pixel]!.length > 0) near.push(x[pixel] as number);
          }
        const average = near.length > 0 ? near.reduce((a, b) => a + b, 0) / near.length : 0;
        const at = (c * height + i) * width + j;
        mean[at] = (params.slope[c] as number) * average + (params.offset[c] as number);
        std[at] = Math.exp(params.logStd[c] as number);
      }
  return { mean, std };
}
