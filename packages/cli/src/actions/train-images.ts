import { DataError } from "@flowify/core";
import { changedFile } from "../data/file-hashes.js";
import { firstImages, holdOut, type ImageSet } from "../data/image-set.js";
import { type DataSetChoice, dataFiles, hasSplit, loadDataSet } from "../data/registry.js";
import type { RunConfig } from "../format/config.js";

/** The images of a run: those that it trains on, those held out, and those of the test split. */
export type LoadedImages = { data: ImageSet; validation: ImageSet | undefined; test: ImageSet | undefined };

/** @throws UsageError, DataError where there are fewer than asked for, or test images of another shape */
export async function loadImages(
  choice: DataSetChoice,
  { limit, validation: held = 0 }: { limit?: number; validation?: number },
): Promise<LoadedImages> {
  const { train, validation } = holdOut(await loadDataSet(choice, "train"), held);
  const data = limit === undefined ? train : firstImages(train, limit);
  const test = (await hasSplit(choice, "test")) ? await loadDataSet(choice, "test") : undefined;
  if (test && test.shape.join() !== data.shape.join()) {
    throw new DataError(
      `${choice.name}: test images [${test.shape.join(", ")}], expected [${data.shape.join(", ")}] as the training images have`,
    );
  }
  return { data, validation, test };
}

/**
 * The images of a run that goes on.
 *
 * @throws DataError where the training images are not those that it began with
 */
export async function loadImagesAgain(
  { data: { name, dir, items, validation, hash, reading, files } }: RunConfig,
  newDir: string | undefined,
  folder: string,
): Promise<LoadedImages> {
  const choice = { name, dir: newDir ?? dir ?? undefined, reading };
  const loaded = await loadImages(choice, { validation });
  if (loaded.data.count < items || firstImages(loaded.data, items).hash !== hash) {
    const now = files && (await dataFiles(choice));
    const changed = files && now && changedFile(files, now);
    throw new DataError(
      `${name}: the training images are not those that the run in ${folder} began with (sha256 ${hash})${changed ? `: ${changed}` : ""}\nbring the old files back (--data-dir), or begin a new run`,
    );
  }
  return { ...loaded, data: firstImages(loaded.data, items) };
}
