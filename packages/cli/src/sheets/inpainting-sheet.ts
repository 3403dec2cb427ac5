import type { FlowModel } from "@flowify/core";
import { firstImages, type ImageSet, imageSize } from "../data/image-set.js";
import { imageGrid } from "../pictures/image-grid.js";
import { encodePng } from "../pictures/png.js";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";
import { meanOf } from "../statistics.js";
import { type Hidden, hiddenEntries, inpaint } from "./inpainting.js";
import type { SheetOptions } from "./sheets.js";

/** Rows of the sheet, most completions of an image, and steps of a chain. */
const IMAGES = 8;
const MOST = 10;
export const STEPS = 200;

/** The level of grey that stands for a hidden pixel. */
const HIDDEN = 96;

/**
 * A row for each of eight images: the image, what is shown of it, and draws of the hidden half. The labels give log p of
 * the image and the mean of that of its completions.
 */
export async function inpaintingSheet(
  model: FlowModel,
  from: ImageSet,
  hide: Hidden,
  { title, columns, seed }: SheetOptions,
  onStep: (step: number, accepted: number) => void,
): Promise<Uint8Array> {
  const images = firstImages(from, Math.min(IMAGES, from.count));
  const each = Math.min(MOST, Math.max(1, columns - 2));
  const made = await inpaint(model, images, { hide, each, steps: STEPS, seed, onStep });
  const size = imageSize(images.shape);
  const hidden = hiddenEntries(images.shape, hide);
  const grid = new Uint8Array(images.count * (each + 2) * size);
  const labels: string[] = [];
  for (let row = 0; row < images.count; row++) {
    const image = rowOf(images.images, row, size);
    const at = row * (each + 2) * size;
    grid.set(image, at);
    grid.set(
      image.map((byte, i) => (hidden[i] === 1 ? HIDDEN : byte)),
      at + size,
    );
    grid.set(made.images.subarray(row * each * size, (row + 1) * each * size), at + 2 * size);
    const logs = rowOf(made.completed, row, each);
    labels.push(`${Math.round(valueAt(made.original, row))}, ${Math.round(meanOf(logs))}`);
  }
  return encodePng(
    await imageGrid({
      images: grid,
      shape: images.shape,
      columns: each + 2,
      title,
      subtitle: `${images.split} images, what is shown, and draws of the hidden half; left: log p in nats of the image, and the mean of the draws`,
      rowLabels: labels,
    }),
  );
}
