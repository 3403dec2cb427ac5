import type { FlowModel } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { conditionOf, type ImageSet, type ImageShape, imageSize } from "../data/image-set.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { valueAt } from "../places.js";
import { joined, rowsIn } from "../rows.js";
import { toBytes } from "./run-pictures.js";

export type SheetOptions = Readonly<{
  title: string;
  shape: ImageShape;
  columns: number;
  seed: number;
  temperature: number;
}>;

export const sheets = ["samples", "temperatures", "interpolation", "inpainting"] as const;
export type Sheet = (typeof sheets)[number];

/** Temperatures of the sheet that compares them. */
const TEMPERATURES = [0.6, 0.7, 0.8, 0.9, 1] as const;

/** Pairs of images on the sheet that interpolates between them. */
export const PAIRS = 8;

/** A row for each temperature, with the same noise in all of them; where there are classes, a column for each. */
export async function temperatureSheet(
  model: FlowModel,
  { title, shape, columns, seed }: SheetOptions,
): Promise<Uint8Array> {
  const rows: Uint8Array[] = [];
  const classes = model.flow.condition?.levels;
  const given = classes && { condition: Uint8Array.from({ length: columns }, (_, c) => c % classes) };
  for (const temperature of TEMPERATURES)
    rows.push(toBytes(await model.sampleFlat(columns, { seed, temperature, ...given })));
  return encodePng(
    await imageGrid({
      images: Buffer.concat(rows),
      shape,
      columns,
      title,
      subtitle: `the same noise in every row, seed ${seed}`,
      rowLabels: TEMPERATURES.map((temperature) => `T = ${temperature}`),
    }),
  );
}

/**
 * The part of a flow whose outputs say what an image is: all of it, or, of a flow that ends with a mixture of normals, what
 * comes before the mixture, which keeps hardly a number.
 */
function describingPart(model: FlowModel): FlowModel {
  const { layers } = model.flow.chain;
  return model.part(0, layers.at(-1)?.name === "gaussianMixture" ? layers.length - 1 : layers.length);
}

/**
 * A row for each pair of images: both at the ends, and between them decodings of latents on the great circle from one
 * to the other; on a straight line where the latents are not those of one normal distribution. The noise of the inverse
 * is at its mean: sampled noise hides the changes of the latent. Where there are classes, that of the nearer image.
 */
export async function interpolationSheet(
  model: FlowModel,
  images: ImageSet,
  { title, shape, columns }: SheetOptions,
): Promise<Uint8Array> {
  const size = imageSize(shape);
  const between = Math.max(2, columns - 2);
  const pairs = Math.floor(images.count / 2);
  const part = describingPart(model);
  const whole = part.flow.chain.layers.length === model.flow.chain.layers.length;
  const mix = whole && model.flow.base.name === "standardNormal" ? onGreatCircle : onLine;
  const width = sizeOf(part.flow.latentShape);
  const ends = rowsIn(images.images, size).slice(0, 2 * pairs);
  const columnsOfEnd = (end: 0 | 1): Uint8Array[] => ends.filter((_, image) => image % 2 === end);
  const decoded: Uint8Array[][] = []; // of each step, a row each
  try {
    const { condition: labels } = model.flow.condition?.levels ? conditionOf(model.flow, images) : {};
    const latents = rowsIn(
      await part.encode(images.images.subarray(0, 2 * pairs * size), {
        mode: "deterministic",
        ...(labels && { condition: labels.subarray(0, 2 * pairs) }),
      }),
      width,
    );
    for (let step = 0; step < between; step++) {
      const z = latents.flatMap((a, i) =>
        i % 2 === 0 ? [mix(a, valueAt(latents, i + 1), step / (between - 1))] : [],
      );
      const nearer = 2 * step < between ? 0 : 1;
      const given = labels && {
        condition: labels.filter((_, image) => image % 2 === nearer).subarray(0, pairs),
      };
      const pixels = await part.decode(joined(z), { mode: "deterministic", ...given });
      decoded.push(rowsIn(toBytes(pixels), size));
    }
  } finally {
    await part.dispose();
  }
  const all = [columnsOfEnd(0), ...decoded, columnsOfEnd(1)];
  const grid = Array.from({ length: pairs }, (_, row) => all.map((column) => valueAt(column, row))).flat();
  return encodePng(
    await imageGrid({
      images: Buffer.concat(grid),
      shape,
      columns: between + 2,
      title,
      subtitle: `${images.split} images at both ends, decoded latents between them, all other noise at its mean`,
    }),
  );
}

function onGreatCircle(a: Float32Array, b: Float32Array, t: number): Float32Array {
  const dot = a.reduce((sum, value, i) => sum + value * valueAt(b, i), 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / (Math.hypot(...a) * Math.hypot(...b) || 1))));
  if (Math.sin(angle) < 1e-6) return onLine(a, b, t);
  const [wa, wb] = [(1 - t) * angle, t * angle].map((part) => Math.sin(part) / Math.sin(angle)) as [
    number,
    number,
  ];
  return a.map((value, i) => wa * value + wb * valueAt(b, i));
}

const onLine = (a: Float32Array, b: Float32Array, t: number): Float32Array =>
  a.map((value, i) => (1 - t) * value + t * valueAt(b, i));
