import { DataError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import type { DataFormat } from "../format.js";
import { type PublishedSplit, type RowSet, rowSet, WHOLE } from "../image-set.js";
import { readRows } from "./read-rows.js";

/** Rows that a table needs: some to learn from, some to stop by, some to calibrate with. */
const FEWEST = 20;

/** Below so many, figures are rough. */
const FEW = 100;

/** A tenth of the rows is for the test, at least so many where they are at most this part: p-values are steps of 1/(n + 1). */
const TEST = { part: 1 / 10, least: 200, most: 1 / 5 } as const;

const SEED = 0;

const testRows = (count: number): number =>
  Math.max(1, Math.round(TEST.part * count), Math.min(TEST.least, Math.floor(TEST.most * count)));

/** Which rows of a table belong to a split. Drawn in a random order: files are often sorted, and held-out rows must be like the others. */
export function rowsOfSplit(count: number, split: PublishedSplit): Uint32Array {
  const order = permutation(makeRng(SEED), count);
  return split === "test" ? order.subarray(0, testRows(count)) : order.subarray(testRows(count));
}

/** One table, `FILE.csv`, `.tsv`, `.jsonl` or `.parquet`. */
export const tableFile: DataFormat<RowSet> = {
  takes: ["columns", "drop", "id", "where", "schema"],
  holds: () => true,
  read: async (path, split, name, reading, undrawn) => {
    const { rows, count, names, schema, notes } = await readRows(path, reading);
    const width = names.length;
    const facts = { name, shape: [width] as const, columns: names, schema };
    if (undrawn || count === 0) return rowSet({ ...facts, split: WHOLE, rows, notes });
    if (count < FEWEST)
      throw new DataError(
        `${path}: ${count} rows, expected at least ${FEWEST} to train on and to test\nadd rows`,
      );
    const few = [
      ...(count < FEW ? [`${path}: only ${count} rows: what is learned from them is rough`] : []),
      ...(count < width
        ? [`${path}: fewer rows (${count}) than columns (${width}): choose some by --columns, or add rows`]
        : []),
    ];
    const chosen = rowsOfSplit(count, split);
    const part = new Float32Array(chosen.length * width);
    chosen.forEach((from, to) => {
      part.set(rows.subarray(from * width, (from + 1) * width), to * width);
    });
    return rowSet({ ...facts, split, rows: part, drawnFrom: count, notes: [...notes, ...few] });
  },
};
