import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { DataError } from "@flowify/core";
import { readError } from "../../files/packed.js";
import { expectRegularFile } from "../../files/regular-file.js";
import { type NpyArray, readNpy } from "./npy.js";

/**
 * The array in a file `FILE.npy`.
 *
 * @param called the name of the file in messages
 * @throws DataError for a file that is missing, damaged, or no NumPy file
 */
export async function readNpyFile(path: string, called = path): Promise<NpyArray> {
  expectRegularFile(path);
  try {
    const { size } = await stat(path);
    return await readNpy(called, createReadStream(path, { highWaterMark: 1 << 20 }), size);
  } catch (cause) {
    throw cause instanceof DataError ? cause : readError(called, "a NumPy file", cause);
  }
}
