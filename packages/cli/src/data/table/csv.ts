import { DataError } from "@flowify/core";
import Papa from "papaparse";
import { blockOf } from "./block.js";
import { columnFormats, formatNotes, withFormats } from "./column-formats.js";
import { decimalNotes } from "./decimal-comma.js";
import { codeTest, withoutCodes } from "./missing-codes.js";
import { type CsvDialect, cleanCell, isBlank, sniffCsv } from "./sniff.js";
import { BLOCK, LONGEST_LINE, listFirst, raggedRows, type Table, uniqueNames } from "./table.js";
import { openText, type Pieces, type Text } from "./text.js";
import type { ColumnFormats } from "./written-as.js";

const separatorNames: Readonly<Record<CsvDialect["separator"], string>> = {
  "\t": "tabs",
  ";": "semicolons",
  "|": "bars",
  ",": "commas",
};

/**
 * The table of a CSV or TSV file, from wherever its bytes come: separators, quotes, decimal commas, encoding and header as
 * `sniffCsv` finds them.
 *
 * @param known columns of training: a file of the same kind is read in the same way
 * @param missing cells that stand for a missing value
 */
export async function csvTable(
  name: string,
  pieces: Pieces,
  known: ColumnFormats = new Map(),
  missing: readonly string[] = [],
): Promise<Table> {
  const text = await openText(name, pieces);
  const dialect = sniffCsv(text);
  const { above, first, header, decimals, separator } = dialect;
  const isCode = codeTest(missing);
  const sample = dialect.sample.map((row) => row.map((cell) => (isCode(cell) ? "" : cell)));
  const { names, notes } = uniqueNames(header ? first : first.map((_, i) => `column ${i + 1}`));
  const blocks = () => withoutCodes(csvBlocks(text, dialect, names.length), missing);
  const formats = await columnFormats({ sample, decimals, separator, names, known }, blocks);
  return {
    names,
    notes: [
      ...(above.length > 0
        ? [
            `left out above the table: ${listFirst(above.map((cells) => JSON.stringify(cells.join(separator))))}`,
          ]
        : []),
      ...headerNotes(header, first),
      ...decimalNotes(decimals, names, separatorNames[separator]),
      ...formatNotes(formats, decimals.decimalComma),
      ...(text.encoding === "latin1" ? ["the text is not UTF-8: it is read as Latin-1"] : []),
      ...notes,
    ],
    formats,
    ...(separator !== "," && { separator }),
    blocks: () => withFormats(blocks(), names, formats),
  };
}

function headerNotes(header: boolean, first: readonly string[]): string[] {
  if (!header) return ["the first row holds values, so columns are called by their numbers"];
  const counted = first.filter((cell) => /^\d+$/.test(cell));
  return counted.length > 0
    ? [`the first row is read as names, since it counts: ${listFirst(counted, counted.length)}`]
    : [];
}

async function* csvBlocks(text: Text, dialect: CsvDialect, width: number) {
  const ragged = raggedRows(text.name, width);
  let block: string[][] = [];
  let row = 0;
  for await (const cells of csvRows(text, dialect)) {
    row++;
    if (!ragged.fits(row, cells.length)) continue;
    if (block.push(cells) < BLOCK) continue;
    yield blockOf(block, row - block.length);
    block = [];
  }
  ragged.end();
  if (block.length > 0) yield blockOf(block, row - block.length);
}

/** The rows behind the header, without blank ones; cells are trimmed. */
async function* csvRows(
  { name, chunks }: Text,
  { separator, newline, header, above }: CsvDialect,
): AsyncGenerator<string[]> {
  const parser = new Papa.Parser({ delimiter: separator, newline });
  const names = header ? 0 : 1;
  let row = names - 1 - above.length;
  let rest = "";
  const parse = (isLast: boolean): string[][] => {
    // whole lines, so that a quote at the end is not taken for a stray one
    const lines = isLast ? rest : rest.slice(0, rest.lastIndexOf(newline) + 1);
    const { data, errors, meta } = parser.parse(lines, 0, !isLast) as Papa.ParseResult<string[]>;
    rest = rest.slice(meta.cursor);
    const rows: string[][] = [];
    for (const cells of data.slice(0, errors[0]?.row)) {
      if (isBlank(cells)) continue;
      if (++row < names) continue;
      const cleaned = cells.map(cleanCell);
      if (cleaned.includes(undefined)) throw misquoted(name, row, "misplaced");
      if (row > 0) rows.push(cleaned as string[]);
    }
    if (errors[0]) throw misquoted(name, row + 1, errors[0].code);
    return rows;
  };
  for await (const chunk of chunks()) {
    rest += chunk;
    yield* parse(false);
    if (rest.length > LONGEST_LINE) throw misquoted(name, row + 1, "endless");
  }
  yield* parse(true);
}

const problems: Readonly<Record<string, string>> = {
  MissingQuotes: "a quote is opened and not closed",
  InvalidQuotes: "a quote is followed by text",
  misplaced: "a quote stands inside of a cell without quotes",
  endless: `a row is longer than ${LONGEST_LINE / 2 ** 20} MiB`,
};

const misquoted = (path: string, row: number, code: string): DataError =>
  new DataError(
    `${path}: ${row > 0 ? `row ${row}` : "the header"}: ${problems[code] ?? code}\nquotes in a cell are doubled: "he said ""no"""`,
  );
