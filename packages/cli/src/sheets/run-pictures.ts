import type { Evaluation, FlowModel } from "@flowify/core";
import { expectMemoryForEach } from "@flowify/core/internal";
import { conditionOf, type ImageSet, type ImageShape, imageSize, type RowSet } from "../data/image-set.js";
import { cellBytes, imageGrid } from "../pictures/image-grid.js";
import { ledgerChart } from "../pictures/ledger-chart.js";
import { lineChart, MOST } from "../pictures/line-chart.js";
import { encodePng, svgToPng } from "../pictures/png.js";
import { rowPoints } from "../pictures/row-points.js";
import { SHOWN, scatterChart } from "../pictures/scatter.js";
import { TRAINING } from "../pictures/theme.js";
import { valueAt } from "../places.js";
import { curvesOf, type MetricsRecord } from "../runs/metrics.js";
import { possibleRowsOf } from "../samples/possible-samples.js";
import type { Asked } from "../samples/wanted-outputs.js";
import { formatCount } from "../ui/format.js";
import type { Unit } from "../unit.js";

/**
 * Temperature of pictures of samples, those of training and of `flowify sample`. For a run of `mnist/quick` it lowers the Fréchet
 * distance from 1.05 to 0.54, and more samples look the same to two classifiers (59 instead of 43 %): docs/results/levers.md.
 */
export const SHEET_TEMPERATURE = 0.7;

/** Numbers of the model's pixels as bytes. */
export const toBytes = (pixels: Float32Array): Uint8Array =>
  Uint8Array.from(pixels, (value) => Math.min(255, Math.max(0, Math.round(value))));

export type SamplesPicture = Readonly<{
  title: string;
  shape: ImageShape;
  count: number;
  columns: number;
  seed: number;
  temperature: number;
  mode: "sample" | "deterministic";
  /** The class of all samples, of a flow with classes. Default: another one in each row of the picture. */
  label?: number | undefined;
  /** The names of classes, where they have some. */
  classes?: readonly string[] | undefined;
  /** The outputs that each sample should have, of a flow of inputs given outputs. */
  asked?: Pick<Asked, "given" | "nearest"> | undefined;
}>;

/**
 * Checks the memory before computing many images for one picture.
 *
 * @throws MemoryError with the number that fits
 */
export function expectRoomFor({ executor }: FlowModel, count: number, shape: ImageShape): void {
  const numbers = imageSize(shape) + (imageSize(shape) + cellBytes(shape)) / Float32Array.BYTES_PER_ELEMENT;
  expectMemoryForEach(executor, `a picture of ${formatCount(count)} images`, count, numbers);
}

/** The class of each sample: the one asked for, or another in each row of the grid. */
export const labelsOf = (
  classes: number | undefined,
  { count, columns, label }: Pick<SamplesPicture, "count" | "columns" | "label">,
): number[] | undefined =>
  classes === undefined
    ? undefined
    : Array.from({ length: count }, (_, i) => label ?? Math.floor(i / columns) % classes);

/** Samples, one after another, and a labelled grid of them as PNG. */
export async function drawSamples(
  model: FlowModel,
  picture: SamplesPicture,
): Promise<{ images: Uint8Array; png: Uint8Array }> {
  const { title, shape, count, columns, seed, temperature, mode } = picture;
  expectRoomFor(model, count, shape);
  const { asked } = picture;
  const classes = model.flow.condition?.levels;
  const labels = labelsOf(classes, picture);
  const condition = labels ? { condition: Uint8Array.from(labels) } : asked && { condition: asked.given };
  const draw = async (own: number): Promise<Uint8Array> =>
    toBytes(await model.sampleFlat(count, { seed: own, temperature, mode, ...condition }));
  const images = asked ? await asked.nearest(draw, seed) : await draw(seed);
  const drawn =
    mode === "deterministic" ? "latents sampled, all other noise at its mean" : "all noise sampled";
  const subtitle = `${drawn}, temperature ${temperature}, seed ${seed}`;
  const rowLabels = labels && {
    rowLabels: labels
      .filter((_, i) => i % columns === 0)
      .map((each) => picture.classes?.[each] ?? String(each)),
  };
  const grid = await imageGrid({ images, shape, columns, title, subtitle, ...rowLabels });
  return { images, png: encodePng(grid) };
}

/** The grid of these samples alone. */
export const samplesPicture = async (model: FlowModel, picture: SamplesPicture): Promise<Uint8Array> =>
  (await drawSamples(model, picture)).png;

/** Three rows: the originals, and their reconstructions with all noise at its mean and with sampled noise. */
export async function reconstructionsPicture(
  model: FlowModel,
  { title, images, seed }: { title: string; images: ImageSet; seed: number },
): Promise<Uint8Array> {
  const given = conditionOf(model.flow, images);
  const rows = [
    images.images,
    toBytes(await model.reconstruct(images.images, { mode: "deterministic", seed, ...given })),
    toBytes(await model.reconstruct(images.images, { mode: "sample", seed, ...given })),
  ];
  const grid = await imageGrid({
    images: Buffer.concat(rows),
    shape: images.shape,
    columns: images.count,
    title,
    rowLabels: ["original", "mean", "sample"],
  });
  return encodePng(grid);
}

/** Sampled and real rows, by pairs of columns. */
export async function scatterPicture(
  model: FlowModel,
  { title, real, count, seed }: { title: string; real: RowSet; count: number; seed: number },
): Promise<Uint8Array> {
  const shown = real.rows.subarray(0, SHOWN.rows * real.shape[0]);
  const { columns, groups } = rowPoints(real, [
    shown,
    await possibleRowsOf(model, real.schema, count, { seed }),
  ]);
  return svgToPng(
    await scatterChart({
      title,
      columns,
      real: { name: `${real.split} rows`, rows: valueAt(groups, 0) },
      generated: { name: "generated rows", rows: valueAt(groups, 1) },
    }),
  );
}

export const ledgerPicture = async (
  title: string,
  { ledger }: Pick<Evaluation, "ledger">,
  unit: Unit,
): Promise<Uint8Array> => svgToPng(await ledgerChart(ledger, title, unit));

/** The training curve from the lines of the metrics. */
export async function curvePicture(
  title: string,
  records: readonly MetricsRecord[],
  steps: number,
  unit: Unit,
): Promise<Uint8Array> {
  const { training, measured } = curvesOf(records);
  const lines = [
    ...measured.map(({ split, points }) => ({ name: split, points })),
    {
      name: training.length > MOST ? "training (means of neighbouring steps)" : "training",
      color: TRAINING,
      points: training,
      faint: true,
    },
  ];
  return svgToPng(await lineChart({ title, unit: unit.name, lines, steps }));
}
