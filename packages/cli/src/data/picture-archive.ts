import { DataError } from "@flowify/core";
import { entryCheck, LARGEST_RATIO, RATIO_FROM } from "./arrays/archive-limits.js";
import { openZip, withZip, type ZipEntry } from "./arrays/zip.js";
import type { DataFormat } from "./format.js";
import { PICTURE } from "./picture.js";
import { isHidden } from "./picture-folder.js";
import { readSplit } from "./picture-set.js";
import { byName, type PictureSource } from "./picture-source.js";
import { collect, tarFiles } from "./tar.js";

const isPicture = (name: string): boolean => PICTURE.test(name) && !name.split("/").some(isHidden);

/** @throws DataError if there are none */
function sorted(path: string, names: string[]): string[] {
  const pictures = names.filter(isPicture).sort(byName);
  if (pictures.length > 0) return pictures;
  const found =
    names.length === 0
      ? "the archive is empty"
      : `it holds ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
  throw new DataError(`${path}: no pictures (.png, .jpg, .webp); ${found}`);
}

/** Reads the archive from its beginning each time, and no further than necessary. */
async function tarSource(path: string): Promise<PictureSource> {
  const names: string[] = [];
  for await (const { name } of tarFiles(path)) names.push(name);
  return {
    path,
    names: sorted(path, names),
    async *read(wanted) {
      let left = wanted.size;
      for await (const file of tarFiles(path)) {
        if (!wanted.has(file.name)) continue;
        yield file;
        if (--left === 0) return;
      }
    },
  };
}

/** The entries by name, with the same checks as for a tar archive. */
function checkedEntries(path: string, entries: readonly ZipEntry[]): Map<string, ZipEntry> {
  const accept = entryCheck(path);
  const byNames = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const { name, size, packed, link } = entry;
    if (size > RATIO_FROM && size > LARGEST_RATIO * packed)
      throw new DataError(
        `${path}: ${name}: ${packed} bytes unpack to ${size}, expected at most ${LARGEST_RATIO} times as many for a picture`,
      );
    byNames.set(accept({ name, size, kind: link ? "symlink" : "file" }), entry);
  }
  return byNames;
}

async function zipSource(path: string): Promise<PictureSource> {
  const names = await withZip(path, (entries) => [...checkedEntries(path, entries).keys()]);
  return {
    path,
    names: sorted(path, names),
    async *read(wanted) {
      const { entries, close } = await openZip(path);
      try {
        const byNames = checkedEntries(path, entries);
        for (const name of wanted) {
          const entry = byNames.get(name);
          if (!entry)
            throw new DataError(`${path}: ${name} is no longer there: the file changed while it was read`);
          yield { name, bytes: () => collect(entry.pieces()) };
        }
      } finally {
        close();
      }
    },
  };
}

const archiveOf = (open: (path: string) => Promise<PictureSource>): DataFormat => ({
  takes: ["size", "resize", "grey", "skipCorrupt"],
  holds: () => true,
  read: async (path, split, name, reading, undrawn) =>
    readSplit(await open(path), split, name, reading, undrawn),
});

/** Pictures in `FILE.tar`, `FILE.tar.gz` or `FILE.tgz`. */
export const pictureTar = archiveOf(tarSource);

export const pictureZip = archiveOf(zipSource);
