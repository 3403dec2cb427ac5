import { type DataSet, type ImageSet, imageSize, type RowSet } from "../data/image-set.js";
import type { NetworkDescription } from "../networks/network.js";
import { histogramBpd } from "./histograms.js";
import { columnBaselines } from "./rows.js";

/** A density of independent numbers, and its mean figure in the unit of the data. */
export type TrivialBaseline = Readonly<{ name: string; figure: number }>;

/**
 * The best baseline with independent pixels or columns, fitted to the training examples: a histogram of each pixel; for
 * rows, a histogram or a Gaussian of each column.
 *
 * @param network that is compared with it
 */
export function trivialBaseline(
  train: DataSet,
  test: DataSet,
  network: NetworkDescription | undefined,
): TrivialBaseline {
  if ("images" in train) {
    const bits = histogramBpd(train.images, (test as ImageSet).images, imageSize(train.shape), false);
    return { name: "a histogram of each pixel", figure: mean(bits) };
  }
  const [best, ...others] = columnBaselines(train, test as RowSet, network)
    .filter(({ name }) => name !== "uniform")
    .map(({ name, nll }) => ({ name: `a ${name}`, figure: mean(nll) }));
  return others.reduce((a, b) => (b.figure < a.figure ? b : a), best as TrivialBaseline);
}

const mean = (figures: Float64Array): number =>
  figures.reduce((sum, value) => sum + value, 0) / figures.length;
