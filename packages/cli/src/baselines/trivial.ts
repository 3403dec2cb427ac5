import type { Executor } from "@flowify/core";
import { type DataSet, type ImageSet, imageSize, type RowSet } from "../data/image-set.js";
import type { NetworkDescription } from "../networks/network.js";
import { meanOf } from "../statistics.js";
import { histogramBpd } from "./histograms.js";
import { rowBaselines } from "./rows.js";

/** A density that needs no training, and its mean figure in the unit of the data. */
export type TrivialBaseline = Readonly<{ name: string; figure: number }>;

/**
 * The best trivial baseline, fitted to the training examples, and measured on the same examples and in the same unit as the
 * network. For images it is a histogram of each pixel. For rows it is the best of `rowBaselines`.
 *
 * @param network that is compared with it
 */
export async function trivialBaseline(
  train: DataSet,
  test: DataSet,
  network: NetworkDescription | undefined,
  executor: Executor,
  seed: number,
): Promise<TrivialBaseline> {
  if ("images" in train) {
    const bits = histogramBpd(train.images, (test as ImageSet).images, imageSize(train.shape), false);
    return { name: "a histogram of each pixel", figure: meanOf(bits) };
  }
  const all = await rowBaselines(train, test as RowSet, executor, seed, network);
  const [best, ...others] = all
    .filter(({ name }) => name !== "uniform")
    .map(({ name, nll }) => ({
      name: name === "Gaussian" ? "one Gaussian of all columns" : `a ${name}`,
      figure: meanOf(nll),
    }));
  return others.reduce((a, b) => (b.figure < a.figure ? b : a), best as TrivialBaseline);
}

/** What to say of a run of rows that a baseline beats by a figure that shows, a line. More steps help a run that was still `rising` at its end. */
export const beatenBy = (
  { name, figure }: TrivialBaseline,
  own: number,
  { unit, rising }: Readonly<{ unit: string; rising: boolean }>,
): string[] =>
  own - figure >= 0.0005
    ? [
        `${name} is better than the run, by ${(own - figure).toFixed(3)} ${unit}: ${rising ? "train longer, or " : ""}take it: flowify baseline lists such densities`,
      ]
    : [];
