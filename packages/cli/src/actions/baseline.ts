import { DataError } from "@flowify/core";
import { gaussianBpd } from "../baselines/gaussian.js";
import { histogramBpd, type ItemBpd, uniformBpd } from "../baselines/histograms.js";
import type { BaselineFlags } from "../commands/baseline.js";
import { readingOf } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { describeImages, imageSize } from "../data/image-set.js";
import { openExecutor } from "../executors.js";
import { imagesDocument } from "../run/report.js";
import { formatBpd } from "../ui/format.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";
import { loadImages } from "./train-images.js";

export async function baseline(this: CliContext, flags: BaselineFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, seed = 0, data: name = "mnist", dataDir: dir, limit } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  const choice = { name, dir, reading: readingOf(flags) };
  const { data: train, test } = await loadImages(choice, { ...(limit !== undefined && { limit }) });
  if (!test) throw new DataError(`${name}: no test images to measure on\nname a data set that has some`);
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  terminal.note(`fitted to ${describeImages(train)}, ${executor.name}`);
  const n = imageSize(train.shape);
  const rows = [
    { name: "uniform", exact: true, ...mean(uniformBpd(test.count)) },
    { name: "histogram", exact: true, ...mean(histogramBpd(train.images, test.images, n, true)) },
    {
      name: "histogram of each pixel",
      exact: true,
      ...mean(histogramBpd(train.images, test.images, n, false)),
    },
    { name: "Gaussian", exact: false, ...mean(await gaussianBpd(train, test, executor, seed)) },
  ];
  await executor.dispose();
  const lines = rows.map((row) => [
    row.name,
    formatBpd(row.bpd, row.stdErr),
    row.exact ? "exact" : "an upper bound in expectation",
  ]);
  terminal.say(`bits per dimension on ${describeImages(test)}`);
  terminal.say();
  for (const line of table(lines)) terminal.say(line);
  terminal.document({ ...imagesDocument(test), items: test.count, baselines: rows });
}

/** The mean over images and its standard error. */
function mean(items: ItemBpd): { bpd: number; stdErr: number } {
  const bpd = items.reduce((sum, value) => sum + value, 0) / items.length;
  const variance = items.reduce((sum, value) => sum + (value - bpd) ** 2, 0) / (items.length - 1);
  return { bpd, stdErr: Math.sqrt(variance / items.length) };
}
