import { DataError } from "@flowify/core";
import type { PublishedSplit } from "./image-set.js";
import { type NpyArray, readNpy } from "./npy.js";
import { withZip, type ZipEntry } from "./zip.js";

/** What the images of a split are called, by Keras, MedMNIST and others. */
const splitNames: Readonly<Record<PublishedSplit, readonly string[]>> = {
  train: ["x_train", "X_train", "train_images", "train"],
  test: ["x_test", "X_test", "test_images", "test"],
};
/** What images without a split are called. */
const wholeNames = ["images", "data", "x", "X", "arr_0"];

type Found = Readonly<{ entry: ZipEntry; name: string; whole: boolean }>;

/** The array of a split: that of its own, else one of all images; undefined where there are only other splits. */
function find(path: string, entries: readonly ZipEntry[], split: PublishedSplit): Found | undefined {
  const arrays = new Map(
    entries.filter(({ name }) => name.endsWith(".npy")).map((entry) => [entry.name.slice(0, -4), entry]),
  );
  const first = (names: readonly string[]): string | undefined => names.find((name) => arrays.has(name));
  const own = first(splitNames[split]);
  const anySplit = first([...splitNames.train, ...splitNames.test]) !== undefined;
  const name =
    own ??
    (anySplit ? undefined : (first(wholeNames) ?? (arrays.size === 1 ? [...arrays.keys()][0] : undefined)));
  if (name !== undefined) return { entry: arrays.get(name)!, name, whole: own === undefined };
  if (anySplit) return undefined;
  const names = [...arrays.keys()];
  throw new DataError(
    names.length === 0
      ? `${path}: holds no arrays (files NAME.npy)`
      : `${path}: holds ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}: which of them holds the images or rows?\ncall them x_train and x_test, or x, in numpy.savez`,
  );
}

/** How a NumPy archive holds the images of a split. */
export const npzHolds = (path: string, split: PublishedSplit): Promise<boolean> =>
  withZip(path, async (entries) => find(path, entries, split) !== undefined);

/**
 * Reads the images of a split from a NumPy archive: its array of them, or with `whole` that of all.
 *
 * @throws DataError that names the archive and the array
 */
export const readNpz = (
  path: string,
  split: PublishedSplit,
): Promise<{ where: string; whole: boolean; array: NpyArray }> =>
  withZip(path, async (entries) => {
    const found = find(path, entries, split);
    if (found === undefined)
      throw new DataError(`${path}: no ${split} images: looked for ${splitNames[split].join(", ")}`);
    const where = `${path}: ${found.name}`;
    return { where, whole: found.whole, array: await readNpy(where, found.entry.pieces(), found.entry.size) };
  });
