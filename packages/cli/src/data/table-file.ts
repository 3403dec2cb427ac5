import { readRows } from "../tables/read-rows.js";
import type { DataFormat } from "./format.js";
import { type RowSet, rowSet, takenAt, WHOLE } from "./image-set.js";
import { expectEnough, rowsOfSplit } from "./table/split-rows.js";

/** One table: a file or several, or standard input. */
export const tableFile: DataFormat<RowSet> = {
  takes: ["columns", "drop", "id", "where", "calendar", "missing", "schema"],
  holds: () => true,
  read: async (path, split, name, reading, undrawn) => {
    const { rows, fillLog, count, names, schema, notes } = await readRows(path, reading);
    const isFilled = fillLog.some((log) => log !== 0);
    const width = names.length;
    const shape = [width] as const;
    const all = { name, shape, columns: names, schema, rows, ...(isFilled && { fillLog }) };
    if (undrawn || count === 0) return rowSet({ ...all, split: WHOLE, notes });
    const few = [
      ...expectEnough(path, count),
      ...(count < width
        ? [`${path}: fewer rows (${count}) than columns (${width}): leave columns out, or add rows`]
        : []),
    ];
    return takenAt(
      { ...all, split, count, hash: "", drawnFrom: count, notes: [...notes, ...few] },
      rowsOfSplit(count, split),
    );
  },
};
