import { takeRows } from "../rows.js";
import { readRows } from "../tables/read-rows.js";
import type { DataFormat } from "./format.js";
import { type RowSet, rowSet, WHOLE } from "./image-set.js";
import { expectEnough, rowsOfSplit } from "./table/split-rows.js";

/** One table: a file or several, or standard input. */
export const tableFile: DataFormat<RowSet> = {
  takes: ["columns", "drop", "id", "where", "calendar", "table", "schema"],
  holds: () => true,
  read: async (path, split, name, reading, undrawn) => {
    const { rows, fillLog, count, names, schema, notes } = await readRows(path, reading);
    const isFilled = fillLog.some((log) => log !== 0);
    const width = names.length;
    const facts = { name, shape: [width] as const, columns: names, schema };
    if (undrawn || count === 0)
      return rowSet({ ...facts, split: WHOLE, rows, ...(isFilled && { fillLog }), notes });
    const few = [
      ...expectEnough(path, count),
      ...(count < width
        ? [`${path}: fewer rows (${count}) than columns (${width}): leave columns out, or add rows`]
        : []),
    ];
    const chosen = rowsOfSplit(count, split);
    const part = takeRows(rows, width, chosen);
    return rowSet({
      ...facts,
      split,
      rows: part,
      ...(isFilled && { fillLog: Float64Array.from(chosen, (row) => fillLog[row] ?? 0) }),
      drawnFrom: count,
      notes: [...notes, ...few],
    });
  },
};
