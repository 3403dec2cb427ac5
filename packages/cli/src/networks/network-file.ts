import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError, decodeSafetensors, FlowifyError } from "@flowify/core";
import { expectRegularFile } from "../data/regular-file.js";
import { type NetworkDescription, parseNetwork } from "../format/network.js";
import type { Tensors } from "../format/weights.js";

/** True where `name` is meant as the path of a file, not as the name of a network. */
export const isNetworkFile = (name: string): boolean => /\.json$/i.test(name);

/**
 * A JSON document.
 *
 * @throws DataError for a file that is missing or no JSON
 */
export function readJson(path: string): unknown {
  expectRegularFile(path);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DataError(
      `${path}: ${missing ? "no such file\nflowify inspect lists the networks that have a name" : `not JSON (${(cause as Error).message})`}`,
      {
        cause,
      },
    );
  }
}

/**
 * Reads a network from a JSON file. Whether its layers fit each other is seen when the flow is built.
 *
 * @throws the errors of `readJson`, UsageError for what is no network; all name the place
 */
export function readNetworkFile(path: string): NetworkDescription & { name: string } {
  return { name: basename(path).replace(/\.json$/i, ""), ...parseNetwork(path, readJson(path)) };
}

/**
 * The arrays of the weights that a description in this folder names; none where it names none.
 *
 * @throws DataError for a file that is missing or no safetensors
 */
export function readWeights(folder: string, { weights }: NetworkDescription): Tensors {
  if (weights === undefined) return {};
  const path = join(folder, weights);
  expectRegularFile(path);
  try {
    return decodeSafetensors(readFileSync(path)).tensors;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    if (!missing && !(cause instanceof FlowifyError)) throw cause;
    throw new DataError(`${path}: ${missing ? "no such file" : (cause as Error).message}`, { cause });
  }
}
