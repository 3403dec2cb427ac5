import { readdirSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataFormat } from "./format.js";
import { PICTURE } from "./picture.js";
import { readSplit } from "./picture-set.js";
import { byName, type PictureSource } from "./picture-source.js";

/** Names of files that file managers and archivers create. */
export const isHidden = (name: string): boolean => name.startsWith(".") || name === "__MACOSX";

/** Pictures below a folder. Follows links, and reads each folder once. */
function* picturesBelow(folder: string, prefix = "", seen = new Set<string>()): Generator<string> {
  const real = realpathSync(folder);
  if (seen.has(real)) return;
  seen.add(real);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (isHidden(entry.name)) continue;
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
    if (target?.isDirectory()) yield* picturesBelow(path, `${prefix}${entry.name}/`, seen);
    else if (target?.isFile() && PICTURE.test(entry.name)) yield `${prefix}${entry.name}`;
  }
}

export const folderSource = (path: string): PictureSource => ({
  path,
  names: [...picturesBelow(path)].sort(byName),
  async *read(names) {
    for (const name of names) yield { name, bytes: () => readFile(join(path, name)) };
  },
});

/** A folder of pictures, with or without subfolders. */
export const pictureFolder: DataFormat = {
  takes: ["size", "resize", "grey", "skipCorrupt"],
  holds: (path) => !picturesBelow(path).next().done,
  read: (path, split, name, reading, undrawn) => readSplit(folderSource(path), split, name, reading, undrawn),
};
