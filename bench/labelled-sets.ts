import { DataError } from "@flowify/core";
import { arrayRows } from "./array-rows.js";
import { elementReader, readNpy } from "./arrays/npy.js";
import { withZip } from "./arrays/zip.js";

/** Rows [count, width] and a label each: 0 for a normal row. */
export type LabelledRows = Readonly<{ rows: Float32Array; width: number; labels: Float64Array }>;

/**
 * A set of ADBench: a NumPy archive of X [rows, columns] and y [rows].
 *
 * @throws DataError where an array is missing or their lengths differ
 */
export function readLabelledRows(path: string): Promise<LabelledRows> {
  return withZip(path, async (entries) => {
    const read = async (name: string) => {
      const entry = entries.find((each) => each.name === `${name}.npy`);
      if (!entry)
        throw new DataError(`${path}: holds no array ${name}, expected X and y\nsave both by numpy.savez`);
      return readNpy(`${path}: ${name}`, entry.pieces(), entry.size);
    };
    const x = await read("X");
    const { type, data, sizes } = await read("y");
    const { rows, shape } = arrayRows(`${path}: X`, x);
    const [width] = shape;
    const count = rows.length / width;
    if (sizes.length !== 1 || sizes[0] !== count)
      throw new DataError(
        `${path}: y has the sizes [${sizes.join(", ")}], expected [${count}], a label a row`,
      );
    const element = elementReader(type);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return {
      rows,
      width,
      labels: Float64Array.from({ length: count }, (_, i) => element(view, i * type.bytes)),
    };
  });
}
