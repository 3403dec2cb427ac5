import { existsSync, readFileSync } from "node:fs";
import { DataError, decodeSafetensors, encodeSafetensors, UsageError } from "@flowify/core";
import type { RunConfig } from "../run-config.js";
import { expectOwn, ofRun } from "../runs/identity.js";
import { decodeDetector } from "./detector-bytes.js";
import type { TableDetector } from "./table-detector.js";

/** The bytes of a detector with the identity of the run that it belongs to. */
export function withIdentity(detector: Uint8Array, config: Pick<RunConfig, "run">): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = decodeSafetensors(detector);
  return encodeSafetensors(tensors, { ...metadata, ...ofRun(config) });
}

/**
 * The detector of the run in `folder`.
 *
 * @param config of that run
 * @throws UsageError where it has none, DataError where the file is damaged, or of another run
 */
export function readDetector(path: string, folder: string, config: Pick<RunConfig, "run">): TableDetector {
  const again = `run flowify train --resume ${folder} to write it`;
  if (!existsSync(path))
    throw new UsageError(`${folder}: no ${fileName(path)}, expected a detector\n${again}`);
  const damaged = (why: string, cause?: unknown): DataError =>
    new DataError(`${path}: not a detector: ${why}\n${again}`, { cause });
  const bytes = readFileSync(path);
  const detector = decodeDetector(bytes, damaged);
  expectOwn(path, decodeSafetensors(bytes).metadata.run, config, again);
  return detector;
}

const fileName = (path: string): string => path.replace(/^.*[/\\]/, "");
