import { existsSync, readdirSync, statSync } from "node:fs";
import { DataError } from "@flowify/core";
import { idxFile, npyFile, npzFile } from "./array-files.js";
import { celebaFolder } from "./celeba.js";
import { cifarFolder } from "./cifar10.js";
import type { DataFormat } from "./format.js";
import { idxFolder } from "./idx-folder.js";
import type { PublishedSplit } from "./image-set.js";
import { imageNetFolder } from "./imagenet-npz.js";
import { pictureTar, pictureZip } from "./picture-archive.js";
import { pictureFolder } from "./picture-folder.js";
import { TABLE_ENDING } from "./table/sources/open-table.js";
import { STANDARD_INPUT } from "./table/sources/standard-input.js";
import { tableFile } from "./table-file.js";

const files: readonly (readonly [ending: RegExp, form: DataFormat])[] = [
  [/\.npy$/i, npyFile],
  [/\.npz$/i, npzFile],
  [/\.(tar|tar\.gz|tgz)$/i, pictureTar],
  [/\.zip$/i, pictureZip],
  [/([.-]idx\d-ubyte|\.idx)(\.gz)?$/i, idxFile],
  [TABLE_ENDING, tableFile],
];

/** File endings after the name of the data. */
export const FILE_ENDING = new RegExp(files.map(([{ source }]) => source).join("|"), "i");

const folders: readonly DataFormat[] = [idxFolder, cifarFolder, imageNetFolder, celebaFolder, pictureFolder];

const other = { train: "test", test: "train" } as const;

/**
 * The format in which a path holds images of a split.
 *
 * @throws DataError for a file of an unknown kind, and for a folder without images
 */
export async function formOf(path: string, split: PublishedSplit): Promise<DataFormat> {
  const exists = existsSync(path);
  if (!(exists && statSync(path).isDirectory())) {
    const form = files.find(([ending]) => ending.test(path))?.[1];
    if (form) return form;
    if (path === STANDARD_INPUT) return tableFile;
    if (exists)
      throw new DataError(
        `${path}: a file of an unknown kind, expected .npy, .npz, .tar, .tar.gz, .zip or idx (…-idx3-ubyte, .gz as well), or a table: .csv, .tsv, .jsonl (.gz as well), .parquet, .arrow`,
      );
  }
  if (!exists) return idxFolder;
  for (const form of folders) if (await form.holds(path, split)) return form;
  for (const form of folders) if (await form.holds(path, other[split])) return form;
  const names = readdirSync(path);
  const found =
    names.length === 0
      ? "the folder is empty"
      : `the folder holds ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
  throw new DataError(
    `${path}: no data found, expected pictures (.png, .jpg, .webp), idx files (train-images-idx3-ubyte) or batches of CIFAR-10 (data_batch_1.bin); ${found}`,
  );
}
