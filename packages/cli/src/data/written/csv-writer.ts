import { type Cell, cellText } from "../table/cell.js";
import { styledCell } from "../table/column-formats.js";
import { type RowWriter, rounded, type WrittenColumn } from "./written-rows.js";

/** What a spreadsheet takes for the start of a formula. `="00017"` is a text, which it shows as 00017. */
const FORMULA = /^(?!="[^"]*"$)[=+\-@\t\r]/;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Text as a cell of a CSV file: in quotes where it needs them, and with an apostrophe in front where a spreadsheet would run
 * it as a formula. Names come from files of others. Source: OWASP, "CSV Injection".
 */
export const csvCell = (text: string, separator = ","): string =>
  withQuotes(FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text, separator);

const withQuotes = (text: string, separator: string): string =>
  text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** NaN is a missing value. */
function textOf(column: WrittenColumn, cell: Cell, separator: string): string {
  const styled = column.format && styledCell(cell, column.format);
  if (styled !== undefined) return withQuotes(styled, separator); // a number, which no spreadsheet runs
  return typeof cell === "string" ? csvCell(cell, separator) : Number.isNaN(cell) ? "" : cellText(cell);
}

/**
 * Writes rows as CSV. Names come from files of others: a cell that a spreadsheet would run is quoted.
 *
 * @param options begun: the progress of another writer, whose rows and header are in the file already
 */
export function csvWriter(
  columns: readonly WrittenColumn[],
  write: (lines: string) => Promise<void>,
  { begun, separator = "," }: Readonly<{ begun?: unknown; separator?: string | undefined }> = {},
): RowWriter {
  const line = (cells: readonly string[]): string => `${cells.join(separator)}\n`;
  let head = begun === undefined ? line(columns.map(({ name }) => csvCell(name, separator))) : "";
  const flush = async (lines: string): Promise<void> => {
    await write(head + lines);
    head = "";
  };
  return {
    add: (rows) =>
      flush(
        rows
          .map((row) =>
            line(row.map((cell, i) => textOf(columns[i]!, rounded(columns[i]!, cell), separator))),
          )
          .join(""),
      ),
    flush: async () => (head === "" ? undefined : flush("")),
    end: async () => (head === "" ? undefined : flush("")),
    progress: () => ({}),
  };
}
