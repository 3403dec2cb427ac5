import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { arrayRows } from "../packages/cli/src/data/array-rows.js";
import { elementsOf, readNpy } from "../packages/cli/src/data/arrays/npy.js";
import { withZip } from "../packages/cli/src/data/arrays/zip.js";

/** The files of labelled sets with a word in their names, the smallest first. */
export function labelledSets(folder: string, only = ""): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".npz") && name.includes(only));
  if (files.length === 0) throw new UsageError(`${folder}: holds no .npz files`);
  const sizeOf = (name: string): number => statSync(join(folder, name)).size;
  return files.sort((a, b) => sizeOf(a) - sizeOf(b));
}

/** Rows [count, width] and a label each, 0 for a normal row: the arrays X and y of a set of ADBench. */
export const readLabelledRows = (
  path: string,
): Promise<Readonly<{ rows: Float32Array; width: number; labels: Float64Array }>> =>
  withZip(path, async (entries) => {
    const read = async (name: string) => {
      const entry = entries.find((each) => each.name === `${name}.npy`);
      if (!entry) throw new DataError(`${path}: holds no array ${name}, expected X and y`);
      return readNpy(`${path}: ${name}`, entry.pieces(), entry.size);
    };
    const { rows, shape } = arrayRows(`${path}: X`, await read("X"));
    const labels = elementsOf(await read("y"));
    if (labels.length * shape[0] !== rows.length)
      throw new DataError(`${path}: ${labels.length} labels, expected one for each row`);
    return { rows, width: shape[0], labels };
  });
