import type { Cell } from "../table/cell.js";
import { type RowWriter, rounded, typedCell, type WrittenColumn } from "./written-rows.js";

/** JSON has no infinite numbers: they are texts, as CSV has them. NaN is a missing value, and null. */
const jsonCell = (cell: Cell): Cell =>
  typeof cell === "number" && Math.abs(cell) === Infinity ? String(cell) : cell;

/** Writes rows as JSON lines, an object each. */
export function jsonLinesWriter(
  columns: readonly WrittenColumn[],
  write: (lines: string) => Promise<void>,
): RowWriter {
  const typed = columns.map(typedCell);
  return {
    add: (rows) =>
      write(
        rows
          .map((row) => {
            const cells = columns.map((column, i) => [
              column.name,
              jsonCell(typed[i]!(rounded(column, row[i]!))),
            ]);
            return `${JSON.stringify(Object.fromEntries(cells))}\n`;
          })
          .join(""),
      ),
    flush: async () => {},
    end: async () => {},
    progress: () => ({}),
  };
}
