import type { FlowModel, Monitor } from "@flowify/core";
import type { ImageSet, ImageShape } from "../data/image-set.js";
import { imageSize } from "../data/image-set.js";
import { imageGrid } from "../pictures/image-grid.js";
import { ledgerChart, ledgerLines } from "../pictures/ledger-chart.js";
import { encodePng } from "../pictures/png.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { writeFileAtomic } from "./atomic.js";

/** Numbers of the model's pixels as bytes. */
const toBytes = (pixels: Float32Array): Uint8Array =>
  Uint8Array.from(pixels, (value) => Math.min(255, Math.max(0, Math.round(value))));

export type SamplesPicture = Readonly<{
  title: string;
  shape: ImageShape;
  count: number;
  columns: number;
  seed: number;
  temperature: number;
  mode: "sample" | "mean";
}>;

/** Draws images and writes them as a labelled grid. */
export async function writeSamples(model: FlowModel, path: string, picture: SamplesPicture): Promise<void> {
  const { title, shape, count, columns, seed, temperature, mode } = picture;
  const images = toBytes(await model.sample(count, { seed, temperature, mode }));
  const drawn = mode === "mean" ? "mean of what was dropped" : "all noises drawn";
  const subtitle = `${drawn}, temperature ${temperature}, seed ${seed}`;
  await writeFileAtomic(path, await encodePng(imageGrid({ images, shape, columns, title, subtitle })));
}

/** Three rows: the originals, their reconstructions with the mean of what was dropped, and with a draw of it. */
export async function writeReconstructions(
  model: FlowModel,
  path: string,
  { title, images, seed }: { title: string; images: ImageSet; seed: number },
): Promise<void> {
  const rows = [
    images.images,
    toBytes(await model.reconstruct(images.images, { mode: "mean", seed })),
    toBytes(await model.reconstruct(images.images, { mode: "sample", seed })),
  ];
  const all = new Uint8Array(3 * images.count * imageSize(images.shape));
  rows.forEach((row, index) => {
    all.set(row, index * row.length);
  });
  const grid = imageGrid({
    images: all,
    shape: images.shape,
    columns: images.count,
    title,
    rowLabels: ["original", "mean", "sample"],
  });
  await writeFileAtomic(path, await encodePng(grid));
}

export async function writeLedger(
  path: string,
  title: string,
  { ledger }: Pick<Monitor, "ledger">,
): Promise<void> {
  await writeFileAtomic(path, await encodePng(ledgerChart(ledger, title)));
}

/** Says the likelihood and the ledger for people. */
export function sayLikelihood(
  { say, colors, columns }: Terminal,
  { bpd, stdErr, items, ledger }: Pick<Monitor, "bpd" | "stdErr" | "items" | "ledger">,
  split: string,
): void {
  const bound = ledger.every(({ exact }) => exact) ? "" : ", an upper bound in expectation";
  say(
    `${colors.bold(`${formatBpd(bpd, stdErr)} bits per dimension`)} on ${formatCount(items)} ${split} images${bound}`,
  );
  say();
  const lines = ledgerLines(ledger, { width: columns, paintExact: colors.blue, paintBound: colors.yellow });
  for (const line of lines) say(line);
}
