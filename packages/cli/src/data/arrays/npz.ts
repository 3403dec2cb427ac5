import { DataError } from "@flowify/core";
import { valueUnder } from "../../places.js";
import { elementsOf, type NpyArray, readNpy } from "./npy.js";
import { withZip, type ZipEntry } from "./zip.js";

/** Names of the images of a split in Keras, MedMNIST and other formats. */
const splitNames = {
  train: ["x_train", "X_train", "train_images", "train"],
  test: ["x_test", "X_test", "test_images", "test"],
} as const;
type PublishedSplit = keyof typeof splitNames;
/** Names of images without splits. */
const wholeNames = ["images", "data", "x", "X", "arr_0"];
/** Names of the labels of a split, and of all images. */
const labelNames = {
  train: ["y_train", "train_labels"],
  test: ["y_test", "test_labels"],
  whole: ["labels", "y"],
} as const;

type Found = Readonly<{ entry: ZipEntry; name: string; whole: boolean; labels: ZipEntry | undefined }>;

/** The array of a split: its own, or one with all images; undefined if there are only other splits. */
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
  const labels = first(labelNames[own === undefined ? "whole" : split]);
  if (name !== undefined)
    return {
      entry: valueUnder(arrays, name),
      name,
      whole: own === undefined,
      labels: labels === undefined ? undefined : arrays.get(labels),
    };
  if (anySplit) return undefined;
  const names = [...arrays.keys()];
  throw new DataError(
    names.length === 0
      ? `${path}: holds no arrays (files NAME.npy)`
      : `${path}: holds ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}, expected x_train and x_test, or x\nuse these names in numpy.savez`,
  );
}

/** The array with the images of a split in a NumPy archive. */
export const npzHolds = (path: string, split: PublishedSplit): Promise<boolean> =>
  withZip(path, async (entries) => find(path, entries, split) !== undefined);

/** Labels of as many examples: whole numbers of 0 to 255, in one column. Undefined for another array. */
async function readLabels(
  path: string,
  { name, pieces, size }: ZipEntry,
  count: number | undefined,
): Promise<Uint8Array | undefined> {
  const array = await readNpy(`${path}: ${name}`, pieces(), size);
  const [length, ...others] = array.sizes;
  if (length !== count || others.some((each) => each !== 1) || array.type.kind === "f") return undefined;
  const numbers = elementsOf(array);
  return numbers.every((value) => value >= 0 && value <= 255) ? Uint8Array.from(numbers) : undefined;
}

/**
 * Reads the images of a split from a NumPy archive: the array of the split, or with `whole` that of all images; and their labels, where it
 * holds some.
 *
 * @throws DataError that names the archive and the array
 */
export const readNpz = (
  path: string,
  split: PublishedSplit,
): Promise<{ where: string; whole: boolean; array: NpyArray; labels: Uint8Array | undefined }> =>
  withZip(path, async (entries) => {
    const found = find(path, entries, split);
    if (found === undefined)
      throw new DataError(`${path}: no ${split} images: looked for ${splitNames[split].join(", ")}`);
    const where = `${path}: ${found.name}`;
    const array = await readNpy(where, found.entry.pieces(), found.entry.size);
    const labels = found.labels && (await readLabels(path, found.labels, array.sizes[0]));
    return { where, whole: found.whole, array, labels };
  });
