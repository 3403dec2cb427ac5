import { DataError, type Executor } from "@flowify/core";
import { gaussianBpd } from "../baselines/gaussian.js";
import { histogramBpd, uniformBpd } from "../baselines/histograms.js";
import { rowBaselines } from "../baselines/rows.js";
import { type DataSet, describeImages, type ImageSet, imageSize, nounOf } from "../data/image-set.js";
import { withExecutor } from "../executors.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, type FlagsOf, text } from "../flags/flag.js";
import {
  commonFlags,
  imagesFlags,
  readingOf,
  readingParameters,
  seedFlag,
  tableParameters,
} from "../flags/shared.js";
import { imagesDocument } from "../runs/report.js";
import { meanWithError } from "../statistics.js";
import { loadData } from "../training/train-data.js";
import { formatBpd, table } from "../ui/format.js";
import { unitOf } from "../unit.js";

const flags = {
  data: text("NAME", "Data set, or the path of a folder or file of images or rows (default: mnist)"),
  dataDir: imagesFlags.dataDir,
  ...readingParameters,
  ...tableParameters,
  limit: count("Only the first N training images"),
  seed: seedFlag("Seed of the noise that dequantizes images for the Gaussian (default: 0)"),
  ...commonFlags,
};

type BaselineFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  flags,
  help: `Fits trivial densities to the training images of a data set and measures them on its test
images. A trained flow should beat them all. Compare every result with these numbers.
Histograms see the bytes as they are. Where most pixels are black, as in MNIST, they are hard
to beat: a flow has to represent that spike by a density.

  uniform                  all values of a pixel are equally likely: exactly 8
  histogram                independent pixels, one histogram for all of them
  histogram of each pixel  independent pixels, each with its own histogram
  Gaussian                 one Gaussian with a full covariance, on dequantized images

Rows of numbers (.npy, .npz) are measured in nats per row: independent columns that are uniform,
Gaussian or follow a histogram, and one Gaussian with a full covariance. There is a mixture of as
many Gaussians as the Bayesian information criterion says, and a kernel density. For tables with two columns of few
values there is a Chow–Liu tree: each such column depends on one other. A constant column counts
as 1 wide. Columns of tables whose values lie on a grid, such as whole numbers, decimals and
categories, have probabilities of these values, as with flowify train. A Gaussian is then a bound.

--json prints one document:
  { dataset, split, hash, examples, baselines: [{ name, bpd, stdErr, exact }] }; for rows nll replaces bpd

EXAMPLES
  flowify baseline
  flowify baseline --data fashion-mnist --json
  flowify baseline --data sensors.npy
  flowify baseline --data orders.csv --id order --drop note`,
  run: baseline,
});

/** A density and its figures, one per example. */
type Baseline = Readonly<{ name: string; exact: boolean; figures: Float64Array }>;

async function baseline({ terminal }: Running, flags: BaselineFlags): Promise<void> {
  const { seed = 0, data: name = "mnist", dataDir: dir, limit } = flags;
  const choice = { name, dir, reading: readingOf(flags), usual: { table: true } };
  const { data: train, test } = await loadData(choice, { ...(limit !== undefined && { limit }) });
  if (!test)
    throw new DataError(`${name}: no test ${nounOf(train)} to measure on\nchoose a data set that has some`);
  const found = await withExecutor(flags, terminal, (executor) => {
    terminal.note(`fitted to ${describeImages(train)}, ${executor.name}`);
    return baselinesOf(train, test, executor, seed);
  });
  const unit = unitOf(test.shape);
  const rows = found.map(({ name: each, exact, figures }) => {
    const { mean, stdErr } = meanWithError(figures);
    return { name: each, exact, [unit.field]: mean, mean, stdErr };
  });
  const lines = rows.map(({ name: each, mean, stdErr, exact }) => [
    each,
    formatBpd(mean, stdErr),
    exact ? "exact" : "an upper bound in expectation",
  ]);
  terminal.say(`${unit.name} on ${describeImages(test)}`);
  terminal.say();
  for (const line of table(lines)) terminal.say(line);
  const baselines = rows.map((row) => {
    const { mean: _, ...shown } = row;
    return shown;
  });
  terminal.document({ ...imagesDocument(test), examples: test.count, baselines });
}

async function baselinesOf(
  train: DataSet,
  test: DataSet,
  executor: Executor,
  seed: number,
): Promise<Baseline[]> {
  if ("images" in train) return imageBaselines(train, test as ImageSet, executor, seed);
  const rows = await rowBaselines(train, test as Exclude<DataSet, ImageSet>, executor, seed);
  return rows.map(({ nll, ...row }) => ({ ...row, figures: nll }));
}

async function imageBaselines(
  train: ImageSet,
  test: ImageSet,
  executor: Executor,
  seed: number,
): Promise<Baseline[]> {
  const n = imageSize(train.shape);
  return [
    { name: "uniform", exact: true, figures: uniformBpd(test.count) },
    { name: "histogram", exact: true, figures: histogramBpd(train.images, test.images, n, true) },
    {
      name: "histogram of each pixel",
      exact: true,
      figures: histogramBpd(train.images, test.images, n, false),
    },
    { name: "Gaussian", exact: false, figures: await gaussianBpd(train, test, executor, seed) },
  ];
}
