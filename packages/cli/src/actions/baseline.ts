import { DataError, type Executor } from "@flowify/core";
import { gaussianBpd } from "../baselines/gaussian.js";
import { histogramBpd, uniformBpd } from "../baselines/histograms.js";
import { rowBaselines } from "../baselines/rows.js";
import type { PictureReading } from "../data/format.js";
import { type DataSet, describeImages, type ImageSet, imageSize, nounOf } from "../data/image-set.js";
import { openExecutor } from "../executors.js";
import { type CommonFlags, readingOf } from "../flags/shared.js";
import { imagesDocument } from "../runs/report.js";
import { loadData } from "../runs/train-data.js";
import type { CliContext } from "../ui/context.js";
import { formatBpd } from "../ui/format.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

export type BaselineFlags = CommonFlags &
  PictureReading & { data?: string; dataDir?: string; limit?: number; seed?: number };

/** A density and its figures, one per example. */
type Baseline = Readonly<{ name: string; exact: boolean; figures: Float64Array }>;

export async function baseline(this: CliContext, flags: BaselineFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, seed = 0, data: name = "mnist", dataDir: dir, limit } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  const choice = { name, dir, reading: readingOf(flags) };
  const { data: train, test } = await loadData(choice, { ...(limit !== undefined && { limit }) });
  if (!test)
    throw new DataError(`${name}: no test ${nounOf(train)} to measure on\nchoose a data set that has some`);
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  terminal.note(`fitted to ${describeImages(train)}, ${executor.name}`);
  const unit = unitOf(test.shape);
  const rows = (await baselinesOf(train, test, executor, seed)).map(({ name: each, exact, figures }) => {
    const { mean, stdErr } = meanOf(figures);
    return { name: each, exact, [unit.field]: mean, mean, stdErr };
  });
  await executor.dispose();
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

/** The mean over examples and its standard error. */
function meanOf(figures: Float64Array): { mean: number; stdErr: number } {
  const mean = figures.reduce((sum, value) => sum + value, 0) / figures.length;
  const variance = figures.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (figures.length - 1);
  return { mean, stdErr: Math.sqrt(variance / figures.length) };
}
