import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { DataError } from "@flowify/core";
import { createTarDecoder } from "modern-tar";
import { writeFileAtomic } from "../files/atomic.js";
import { FETCH_AGAIN, unpackedPieces } from "../files/packed.js";
import { entryCheck } from "./arrays/archive-limits.js";
import type { SourceFile } from "./picture-source.js";

/**
 * The files of a tar archive, gzipped or not, in the order of the archive. Rejects links, devices, paths outside of the
 * folder and duplicate names.
 *
 * @throws DataError that names the archive, and the entry
 */
export async function* tarFiles(path: string): AsyncGenerator<SourceFile> {
  const accept = entryCheck(path);
  try {
    const archive = Readable.toWeb(
      Readable.from(unpackedPieces(path, path, "a tar archive"), { objectMode: false }),
    );
    for await (const entry of (archive as ReadableStream<Uint8Array>).pipeThrough(
      createTarDecoder({ strict: true }),
    )) {
      const { type = "file", size } = entry.header;
      if (type === "directory") {
        await entry.body.cancel();
        continue;
      }
      const name = accept({ name: entry.header.name, size, kind: type });
      let read = false;
      yield {
        name,
        bytes: () => {
          read = true;
          return collect(entry.body);
        },
      };
      if (!read) await entry.body.cancel();
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `${path}: damaged, or not a tar archive (${(cause as Error).message})${FETCH_AGAIN}`,
      { cause },
    );
  }
}

/** Joins the pieces. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

/**
 * Extracts files of a tar archive to one folder, each atomically, under the last part of its path: whatever the paths
 * in the archive, all files end up in that folder.
 *
 * @returns their paths
 * @throws DataError for a damaged or hostile archive, and for one without such files
 */
export async function extractFiles(archive: string, wanted: RegExp, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, bytes } of tarFiles(archive)) {
    if (!wanted.test(name)) continue;
    const path = join(folder, basename(name));
    await writeFileAtomic(path, await bytes());
    paths.push(path);
  }
  if (paths.length === 0) throw new DataError(`${archive}: holds none of the expected files`);
  return paths;
}
