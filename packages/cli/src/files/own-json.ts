import { readFileSync } from "node:fs";
import { DataError } from "@flowify/core";
import { expectRegularFile } from "./regular-file.js";

/**
 * A JSON document that flowify wrote into the folder of a run.
 *
 * @throws DataError for a file that is not JSON
 */
export function readOwnJson(path: string): unknown {
  expectRegularFile(path);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DataError(
      `${path}: not JSON (${(cause as Error).message})\nrestore the file that flowify wrote, or train again`,
      { cause },
    );
  }
}
