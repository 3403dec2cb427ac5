import { csvCell } from "../csv-cell.js";
import { type Cell, cellText } from "../table/cell.js";
import { type RowWriter, rounded, type WrittenColumn } from "./written-rows.js";

/** NaN is a missing value. */
const textOf = (cell: Cell): string =>
  typeof cell === "string" ? csvCell(cell) : Number.isNaN(cell) ? "" : cellText(cell);

/**
 * Writes rows as CSV. Names come from files of others: a cell that a spreadsheet would run is quoted.
 *
 * @param begun the progress of another writer, whose rows and header are in the file already
 */
export function csvWriter(
  columns: readonly WrittenColumn[],
  write: (lines: string) => Promise<void>,
  begun?: unknown,
): RowWriter {
  let head = begun === undefined ? `${columns.map(({ name }) => csvCell(name)).join(",")}\n` : "";
  const flush = async (lines: string): Promise<void> => {
    await write(head + lines);
    head = "";
  };
  return {
    add: (rows) =>
      flush(
        rows.map((row) => `${row.map((cell, i) => textOf(rounded(columns[i]!, cell))).join(",")}\n`).join(""),
      ),
    flush: async () => (head === "" ? undefined : flush("")),
    end: async () => (head === "" ? undefined : flush("")),
    progress: () => ({}),
  };
}
