import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError, decodeSafetensors, FlowifyError } from "@flowify/core";
import { expectRegularFile, readJson } from "../files/regular-file.js";
import { type NetworkDescription, parseNetwork } from "./network.js";
import type { Tensors } from "./weights.js";

/** True if `name` is the path of a file, not the name of a network. */
export const isNetworkFile = (name: string): boolean => /\.json$/i.test(name);

/**
 * Reads a network from a JSON file. Building the flow checks that the layers fit each other.
 *
 * @throws the errors of `readJson`, UsageError for a file that is not a network; all name the position
 */
export function readNetworkFile(path: string): NetworkDescription & { name: string } {
  const json = readJson(path, { missing: "flowify inspect lists the networks by name" });
  return { name: basename(path).replace(/\.json$/i, ""), ...parseNetwork(path, json) };
}

/**
 * The arrays of a file, and its metadata.
 *
 * @param remedy what to do where there are none
 * @throws DataError for a file that is missing or not safetensors
 */
export function readArrays(path: string, ...remedy: string[]): ReturnType<typeof decodeSafetensors> {
  expectRegularFile(path);
  try {
    return decodeSafetensors(readFileSync(path));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    if (!missing && !(cause instanceof FlowifyError)) throw cause;
    const problem = `${path}: ${missing ? "no such file" : (cause as Error).message}`;
    throw new DataError([problem, ...remedy].join("\n"), { cause });
  }
}

/** The arrays alone. */
export const readTensors = (path: string, ...remedy: string[]): Tensors =>
  readArrays(path, ...remedy).tensors;

/** The arrays of the weights file that a description in this folder names; empty without one. Errors: those of `readTensors`. */
export const readWeights = (folder: string, { weights }: NetworkDescription): Tensors =>
  weights === undefined ? {} : readTensors(join(folder, weights));
