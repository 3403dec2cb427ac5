/** The values of a pixel. */
const LEVELS = 256;

/** Bits per dimension of each image. */
export type ExampleBpd = Float64Array;

/** All values of a pixel are equally likely: 8 bits. */
export const uniformBpd = (count: number): ExampleBpd => new Float64Array(count).fill(Math.log2(LEVELS));

/**
 * Independent pixels with histograms of the training images: one histogram for all pixels (`shared`), or one for
 * each of the n pixels. Each count is increased by one, so that no value has probability 0.
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

/** Offset of the histogram of byte i. */
const tableAt = (i: number, tables: number): number => (i % tables) * LEVELS;
