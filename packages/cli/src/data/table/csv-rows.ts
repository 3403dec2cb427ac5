import { DataError } from "@flowify/core";
import { CsvError } from "csv-parse/sync";
import { blockOf } from "./block.js";
import { decimalNotes } from "./decimal-comma.js";
import type { CsvDialect } from "./sniff.js";
import { BLOCK, LONGEST_LINE, raggedRows, type Table, uniqueNames } from "./table.js";

const separatorNames: Readonly<Record<string, string>> = {
  "\t": "tabs",
  ";": "semicolons",
  "|": "bars",
  ",": "commas",
};

/** How csv-parse reads the rows of a dialect, the header left out. */
export const csvOptions = ({ separator, encoding, header }: CsvDialect) =>
  ({
    delimiter: separator,
    bom: true,
    encoding,
    from: header ? 2 : 1,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: LONGEST_LINE,
  }) as const;

/** The table of a CSV file, from wherever its rows come; `records` begins from the first one. */
export function csvRows(
  path: string,
  { first, header, decimals, separator, encoding }: CsvDialect,
  records: () => AsyncIterable<string[]> | Iterable<string[]>,
): Table {
  const { names, notes } = uniqueNames(header ? first : first.map((_, i) => `column ${i + 1}`));
  return {
    names,
    notes: [
      ...(header ? [] : ["the first row holds values, so columns are called by their numbers"]),
      ...decimalNotes(decimals, names, separatorNames[separator] ?? separator),
      ...(encoding === "latin1" ? ["the text is not UTF-8: it is read as Latin-1"] : []),
      ...notes,
    ],
    decimalComma: decimals.decimalComma,
    async *blocks() {
      const ragged = raggedRows(path, names.length);
      let block: string[][] = [];
      let row = 0;
      try {
        for await (const cells of records()) {
          row++;
          if (!ragged.fits(row, cells.length)) continue;
          if (block.push(cells) < BLOCK) continue;
          yield blockOf(block, row - block.length);
          block = [];
        }
        ragged.end();
        if (block.length > 0) yield blockOf(block, row - block.length);
      } catch (cause) {
        throw damaged(path, header, cause);
      }
    },
  };
}

const problems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and not closed",
  CSV_INVALID_CLOSING_QUOTE: "a quote is followed by text",
  INVALID_OPENING_QUOTE: "a quote stands inside of a cell without quotes",
  CSV_MAX_RECORD_SIZE: `a row is longer than ${LONGEST_LINE / 2 ** 20} MiB`,
};

function damaged(path: string, header: boolean, cause: unknown): unknown {
  if (!(cause instanceof CsvError)) return cause;
  const row = Number(cause.records) + (header ? 0 : 1); // rows before the error may not have been handed on yet
  return new DataError(
    `${path}: row ${row}: ${problems[cause.code] ?? cause.message.split("\n")[0]}\nquotes in a cell are doubled: "he said ""no"""`,
    { cause },
  );
}
