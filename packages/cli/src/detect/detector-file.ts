import { existsSync, readFileSync } from "node:fs";
import { DataError, UsageError } from "@flowify/core";
import { decodeDetector } from "./detector-bytes.js";
import type { TableDetector } from "./table-detector.js";

/**
 * The detector of the run in `folder`.
 *
 * @throws UsageError where it has none, DataError where the file is damaged
 */
export function readDetector(path: string, folder: string): TableDetector {
  const again = `run flowify train --resume ${folder} to write it`;
  if (!existsSync(path))
    throw new UsageError(`${folder}: no ${fileName(path)}, expected a detector\n${again}`);
  const damaged = (why: string, cause?: unknown): DataError =>
    new DataError(`${path}: not a detector: ${why}\n${again}`, { cause });
  return decodeDetector(readFileSync(path), damaged);
}

const fileName = (path: string): string => path.replace(/^.*[/\\]/, "");
