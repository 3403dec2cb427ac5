/** The values of a pixel. */
const LEVELS = 256;

/** Bits per dimension of images, one by one. */
export type ExampleBpd = Float64Array;

/** Every value of a pixel as likely as any other: 8 bits. */
export const uniformBpd = (count: number): ExampleBpd => new Float64Array(count).fill(Math.log2(LEVELS));

/**
 * Pixels drawn independently from histograms of the training images: one histogram for all pixels (`shared`), or one for
 * each of the n pixels. Every value counts once more than it was seen, so that none is impossible.
 *
 * @param train, test bytes of whole images of n pixels
 */
export function histogramBpd(train: Uint8Array, test: Uint8Array, n: number, shared: boolean): ExampleBpd {
  const tables = shared ? 1 : n;
  const counts = new Float64Array(tables * LEVELS).fill(1);
  for (let i = 0; i < train.length; i++) counts[tableAt(i, tables) + (train[i] as number)]! += 1;
  const total = LEVELS + train.length / tables;
  const bits = counts.map((count) => -Math.log2(count / total));
  const examples = new Float64Array(test.length / n);
  for (let i = 0; i < test.length; i++)
    examples[Math.floor(i / n)]! += (bits[tableAt(i, tables) + (test[i] as number)] as number) / n;
  return examples;
}

/** Where the histogram of the i-th byte begins. */
const tableAt = (i: number, tables: number): number => (i % tables) * LEVELS;
