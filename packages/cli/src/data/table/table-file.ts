import type { DataFormat } from "../format.js";
import { type RowSet, rowSet, WHOLE } from "../image-set.js";
import { readRows } from "./read-rows.js";
import { expectEnough, rowsOfSplit } from "./split-rows.js";

/** One table: a file or several, or standard input. */
export const tableFile: DataFormat<RowSet> = {
  takes: ["columns", "drop", "id", "where", "calendar", "table", "schema"],
  holds: () => true,
  read: async (path, split, name, reading, undrawn) => {
    const { rows, count, names, schema, notes } = await readRows(path, reading);
    const width = names.length;
    const facts = { name, shape: [width] as const, columns: names, schema };
    if (undrawn || count === 0) return rowSet({ ...facts, split: WHOLE, rows, notes });
    const few = [
      ...expectEnough(path, count),
      ...(count < width
        ? [`${path}: fewer rows (${count}) than columns (${width}): leave columns out, or add rows`]
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
