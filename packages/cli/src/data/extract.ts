import { basename, join } from "node:path";
import { DataError } from "@flowify/core";
import { writeFileAtomic } from "../run/atomic.js";
import { tarFiles } from "./tar.js";

/**
 * Takes files out of a tar archive into one folder, each whole or not at all, under the last part of its name:
 * whatever the archive calls them, they come to lie in that folder.
 *
 * @returns their paths
 * @throws DataError for a damaged or hostile archive, and where there are none
 */
export async function extractFiles(archive: string, wanted: RegExp, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, bytes } of tarFiles(archive)) {
    if (!wanted.test(name)) continue;
    const path = join(folder, basename(name));
    await writeFileAtomic(path, await bytes());
    paths.push(path);
  }
  if (paths.length === 0) throw new DataError(`${archive}: holds none of the files that belong to it`);
  return paths;
}
