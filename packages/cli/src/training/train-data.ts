import { DataError, UsageError } from "@flowify/core";
import { changedFile } from "../data/file-hashes.js";
import { type DataSet, firstImages, holdOut, nounOf, spread } from "../data/image-set.js";
import { type DataSetChoice, dataFiles, hasSplit, loadExamples } from "../data/registry.js";
import type { RunConfig } from "../run-config.js";

/** The images or rows of a run: for training, held out, and of the test split. */
export type LoadedData = { data: DataSet; validation: DataSet | undefined; test: DataSet | undefined };

/**
 * @param validation number of held-out training examples, or a function of the number of examples
 * @param test number of test examples that are measured, all where it is not given
 * @throws UsageError, DataError for too few examples, or test examples of another shape
 */
export async function loadData(
  choice: DataSetChoice,
  {
    limit,
    validation: held = 0,
    test: measured,
  }: { limit?: number; validation?: number | ((of: number) => number); test?: number },
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
  if (measured === undefined) return { data, validation, test };
  if (!test)
    throw new UsageError(
      `--test ${measured}: ${choice.name} has no test ${nounOf(data)}\nleave it out, or hold some out with --validation N`,
    );
  return { data, validation, test: spread(test, measured, "--test") };
}

/**
 * The data of a resumed run.
 *
 * @throws DataError if the training examples have changed
 */
export async function loadDataAgain(
  { data: { name, dir, examples, validation, hash, reading, files }, test }: RunConfig,
  newDir: string | undefined,
  folder: string,
): Promise<LoadedData> {
  const choice = { name, dir: newDir ?? dir ?? undefined, reading };
  const loaded = await loadData(choice, { validation, ...(test !== undefined && { test }) });
  if (loaded.data.count < examples || firstImages(loaded.data, examples).hash !== hash) {
    const now = files && (await dataFiles(choice));
    const changed = files && now && changedFile(files, now);
    throw new DataError(
      `${name}: the training ${nounOf(loaded.data)} differ from those of the run in ${folder} (sha256 ${hash})${changed ? `: ${changed}` : ""}\nrestore the old files (--data-dir), or start a new run`,
    );
  }
  return { ...loaded, data: firstImages(loaded.data, examples) };
}
