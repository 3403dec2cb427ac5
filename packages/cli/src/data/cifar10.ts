import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";
import { isGzip, readBytes, unpack } from "../files/packed.js";
import { expectFolder, isFolder } from "../files/place.js";
import { valueAt } from "../places.js";
import type { DataFormat } from "./format.js";
import { type ImageSet, type ImageShape, imageSet, type PublishedSplit } from "./image-set.js";

const SHAPE: ImageShape = [3, 32, 32];
const PIXELS = 3072;
/** One byte of label, then 1,024 bytes each of red, green and blue. */
const RECORD = 1 + PIXELS;
/** Records of CIFAR-100 have a coarse label and a fine one. */
const RECORD_OF_100 = 2 + PIXELS;
const CLASSES = 10;
const BATCH = 10_000;

const sizes: Readonly<Record<PublishedSplit, number>> = { train: 50_000, test: 10_000 };

/** The official names; `_first1000` marks a file that holds only the first 1,000 records of its batch. */
const patterns: Readonly<Record<PublishedSplit, RegExp>> = {
  train: /^(data_batch_[1-5])(?:_first(\d+))?\.bin(?:\.gz)?$/,
  test: /^(test_batch)(?:_first(\d+))?\.bin(?:\.gz)?$/,
};

/** The folder in the official archive. */
const ARCHIVE_FOLDER = "cifar-10-batches-bin";

type BatchFile = Readonly<{ path: string; name: string; batch: string; records: number }>;

/** The files of a split, one per batch: prefers whole files to partial ones, and unpacked files to packed ones. */
function batchFiles(folder: string, split: PublishedSplit): BatchFile[] {
  const places = [folder, join(folder, ARCHIVE_FOLDER)].filter(isFolder);
  for (const place of places) {
    const found = new Map<string, BatchFile>();
    for (const name of readdirSync(place).sort()) {
      const [, batch, first] = patterns[split].exec(name) ?? [];
      if (batch === undefined) continue;
      const records = first === undefined ? BATCH : Number(first);
      if ((found.get(batch)?.records ?? 0) < records)
        found.set(batch, { path: join(place, name), name, batch, records });
    }
    if (found.size > 0) return [...found.values()];
  }
  return [];
}

/** True where `folder` holds batches of that split. */
const holdsCifarImages = (folder: string, split: PublishedSplit): boolean =>
  batchFiles(folder, split).length > 0;

/** Hint for a folder that holds another form of these images. */
function instead(folder: string): string {
  const names = readdirSync(folder);
  if (names.includes("train.bin") || names.includes("fine_label_names.txt"))
    return "; its files are of CIFAR-100, expected CIFAR-10";
  if (names.some((name) => /^data_batch_\d$/.test(name)))
    return "; it holds the Python version: download the binary version";
  if (names.some((name) => name.startsWith("cifar-10-binary.tar")))
    return "; it holds the archive: unpack it with tar -xf";
  return names.length === 0 ? "; the folder is empty" : "";
}

/**
 * Reads one split of CIFAR-10 in its binary form from a folder, or from `cifar-10-batches-bin` in it:
 * the present ones of `data_batch_1.bin` … `data_batch_5.bin`, or `test_batch.bin`; also with `.gz`.
 *
 * @throws DataError that names the file, what was found and what was expected
 */
async function readCifarFolder(folder: string, split: PublishedSplit, name: string): Promise<ImageSet> {
  expectFolder(folder, "a folder of CIFAR-10's binary files");
  const files = batchFiles(folder, split);
  if (files.length === 0) {
    const wanted = split === "train" ? "data_batch_1.bin … data_batch_5.bin" : "test_batch.bin";
    throw new DataError(
      `${folder}: no ${split} images: looked for ${wanted}, also with .gz, there and in ${ARCHIVE_FOLDER}${instead(folder)}`,
    );
  }
  const count = files.reduce((sum, { records }) => sum + records, 0);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const file of files) {
    const bytes = await readRecords(file);
    for (let record = 0; record < file.records; record++, at++) {
      const begin = record * RECORD;
      labels[at] = valueAt(bytes, begin);
      images.set(bytes.subarray(begin + 1, begin + RECORD), at * PIXELS);
    }
  }
  const size = sizes[split];
  const partOf = { size, files: files.map((file) => file.name) };
  return imageSet({ name, split, images, shape: SHAPE, labels, ...(count < size && { partOf }) });
}

/** The verified bytes of one file. */
async function readRecords({ path, records }: BatchFile): Promise<Uint8Array> {
  const raw = await readBytes(path, "a CIFAR-10 file");
  const expected = records * RECORD;
  // The limit allows records of CIFAR-100, so that the message can name them.
  const most = Math.max(expected, 50_000 * RECORD_OF_100);
  const bytes = isGzip(raw)
    ? unpack(path, raw, most, `unpacks to more than ${most} bytes, expected ${expected}: trailing bytes`)
    : raw;
  if (bytes.length !== expected) throw new DataError(`${path}: ${lengthProblem(bytes.length, expected)}`);
  for (let record = 0; record < records; record++) {
    const label = valueAt(bytes, record * RECORD);
    if (label >= CLASSES)
      throw new DataError(
        `${path}: record ${record} has the label ${label}, expected 0..${CLASSES - 1}: not CIFAR-10, or damaged`,
      );
  }
  return bytes;
}

function lengthProblem(length: number, expected: number): string {
  const records = expected / RECORD;
  const wanted = `expected ${expected} (${records} records of ${RECORD})`;
  if (length === 0) return `empty, ${wanted}`;
  if (length % RECORD_OF_100 === 0)
    return `${length} bytes are ${length / RECORD_OF_100} records of ${RECORD_OF_100} with two labels each, which is CIFAR-100; ${wanted}`;
  const verdict = length < expected ? "cut short" : "trailing bytes";
  const inside =
    length % RECORD === 0
      ? `${length / RECORD} records`
      : `ends inside record ${Math.floor(length / RECORD)}`;
  return `${length} bytes, ${wanted}: ${verdict}, ${inside}`;
}

export const cifarFolder: DataFormat<ImageSet> = {
  takes: [],
  holds: holdsCifarImages,
  read: readCifarFolder,
};
