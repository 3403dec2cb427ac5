import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError } from "@flowify/core";
import { isFolder } from "../files/place.js";
import { expectRegularFile } from "../files/regular-file.js";
import type { DataFormat } from "./format.js";
import type { PublishedSplit } from "./image-set.js";
import { zipSource } from "./picture-archive.js";
import { folderSource } from "./picture-folder.js";
import { readPictures } from "./picture-set.js";
import type { PictureSource } from "./picture-source.js";

const LISTS = ["list_eval_partition.txt", "list_eval_partition.csv"];
const PICTURES = "img_align_celeba";
/** The number of a split in the list; 1 is the validation split, which flowify does not use. */
const partitions: Readonly<Record<PublishedSplit, string>> = { train: "0", test: "2" };

const listIn = (folder: string): string | undefined =>
  LISTS.map((name) => join(folder, name)).find((path) => existsSync(path));

/** The pictures, as a folder or in the published archive. */
const picturesIn = (folder: string): string | undefined =>
  [PICTURES, `${PICTURES}.zip`].map((name) => join(folder, name)).find((path) => existsSync(path));

/** Names of a split from lines `000001.jpg 0`, or with a comma. */
function listed(path: string, split: PublishedSplit): ReadonlySet<string> {
  expectRegularFile(path);
  const lines = readFileSync(path, "utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "" && line !== "image_id,partition");
  const names = new Set<string>();
  lines.forEach((line, i) => {
    const [, name, partition] = /^(\S+?\.jpg)[\s,]+([012])$/.exec(line) ?? [];
    if (name === undefined)
      throw new DataError(
        `${path}: line ${i + 1} is ${JSON.stringify(line.slice(0, 60))}, expected NAME.jpg and 0, 1 or 2`,
      );
    if (partition === partitions[split]) names.add(name);
  });
  return names;
}

/** CelebA (Liu et al. 2015): `img_align_celeba`, a folder or a zip archive, and `list_eval_partition.txt` or `.csv`. */
export const celebaFolder: DataFormat = {
  takes: ["size", "resize", "grey", "skipCorrupt"],
  holds: (folder) => listIn(folder) !== undefined && picturesIn(folder) !== undefined,
  read: async (folder, split, name, reading) => {
    const [list, pictures] = [listIn(folder), picturesIn(folder)];
    if (list === undefined || pictures === undefined)
      throw new DataError(`${folder}: looked for ${PICTURES} (or ${PICTURES}.zip) and ${LISTS.join(" or ")}`);
    const source: PictureSource = isFolder(pictures) ? folderSource(pictures) : await zipSource(pictures);
    const wanted = listed(list, split);
    const names = source.names.filter((path) => wanted.has(basename(path)));
    if (names.length === 0)
      throw new DataError(`${pictures}: holds none of the ${split} pictures that ${list} lists`);
    const partOf = { size: wanted.size, files: [basename(pictures)] };
    return readPictures(
      source,
      names,
      { name, split, ...(names.length < wanted.size && { partOf }) },
      reading,
    );
  },
};
