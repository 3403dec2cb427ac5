import { DataError } from "@flowify/core";
import { changedFile } from "../data/file-hashes.js";
import { type DataSet, firstImages, holdOut, nounOf } from "../data/image-set.js";
import { type DataSetChoice, dataFiles, hasSplit, loadExamples } from "../data/registry.js";
import type { RunConfig } from "../format/config.js";

/** The images or rows of a run: those that it trains on, those held out, and those of the test split. */
export type LoadedData = { data: DataSet; validation: DataSet | undefined; test: DataSet | undefined };

/**
 * @param validation how many of the training examples are held out, or what says so by their number
 * @throws UsageError, DataError where there are fewer than asked for, or test examples of another shape
 */
export async function loadData(
  choice: DataSetChoice,
  { limit, validation: held = 0 }: { limit?: number; validation?: number | ((of: number) => number) },
): Promise<LoadedData> {
  const all = await loadExamples(choice, "train");
  const { train, validation } = holdOut(all, typeof held === "number" ? held : held(all.count));
  const data = limit === undefined ? train : firstImages(train, limit);
  const test = (await hasSplit(choice, "test")) ? await loadExamples(choice, "test") : undefined;
  if (test && test.shape.join() !== data.shape.join()) {
    throw new DataError(
      `${choice.name}: test ${nounOf(test)} [${test.shape.join(", ")}], expected [${data.shape.join(", ")}] as the training ${nounOf(data)} have`,
    );
  }
  return { data, validation, test };
}

/**
 * The data of a run that goes on.
 *
 * @throws DataError where the training examples are not those that it began with
 */
export async function loadDataAgain(
  { data: { name, dir, examples, validation, hash, reading, files } }: RunConfig,
  newDir: string | undefined,
  folder: string,
): Promise<LoadedData> {
  const choice = { name, dir: newDir ?? dir ?? undefined, reading };
  const loaded = await loadData(choice, { validation });
  if (loaded.data.count < examples || firstImages(loaded.data, examples).hash !== hash) {
    const now = files && (await dataFiles(choice));
    const changed = files && now && changedFile(files, now);
    throw new DataError(
      `${name}: the training ${nounOf(loaded.data)} are not those that the run in ${folder} began with (sha256 ${hash})${changed ? `: ${changed}` : ""}\nbring the old files back (--data-dir), or begin a new run`,
    );
  }
  return { ...loaded, data: firstImages(loaded.data, examples) };
}
