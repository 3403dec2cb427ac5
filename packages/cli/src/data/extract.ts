import { basename, join } from "node:path";
import { DataError } from "@flowify/core";
import { writeFileAtomic } from "../files/atomic.js";
import { tarFiles } from "./tar.js";

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
