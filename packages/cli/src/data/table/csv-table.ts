import { Readable } from "node:stream";
import { DataError } from "@flowify/core";
import { CsvError, parse } from "csv-parse";
import { type CsvDialect, sniffCsv } from "./sniff.js";
import { type TextSource, textSource } from "./sources/text-source.js";
import { BLOCK, type Block, blockOf, LONGEST_LINE, raggedRows, type Table, uniqueNames } from "./table.js";

/** Bytes from which the dialect is guessed. */
const SNIFFED = 2 ** 20;

const separatorNames: Readonly<Record<string, string>> = {
  "\t": "tabs",
  ";": "semicolons",
  "|": "bars",
  ",": "commas",
};

/** A CSV or TSV file, or one packed by gzip: separators, quotes, decimal commas, encoding and header as `sniffCsv` finds them. */
export async function csvTable(path: string, called = path): Promise<Table> {
  const source = textSource(path, called, "a table");
  const { bytes, whole } = await source.head(SNIFFED);
  const dialect = sniffCsv(called, bytes, whole);
  const { first, header, decimalComma, separator, encoding } = dialect;
  const { names, notes } = uniqueNames(header ? first : first.map((_, i) => `column ${i + 1}`));
  return {
    names,
    notes: [
      ...(header ? [] : ["the first row holds values, so columns are called by their numbers"]),
      ...(decimalComma
        ? [`numbers have decimal commas, ${separatorNames[separator]} separate the cells`]
        : []),
      ...(encoding === "latin1" ? ["the text is not UTF-8: it is read as Latin-1"] : []),
      ...notes,
    ],
    decimalComma,
    blocks: () => blocks(source, dialect, names.length),
  };
}

async function* blocks(
  { name, pieces }: TextSource,
  { separator, encoding, header }: CsvDialect,
  columns: number,
): AsyncGenerator<Block> {
  const input = Readable.from(pieces());
  const parser = parse({
    delimiter: separator,
    bom: true,
    encoding,
    from: header ? 2 : 1,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: LONGEST_LINE,
  });
  input.on("error", (error) => parser.destroy(error));
  const ragged = raggedRows(name, columns);
  let block: string[][] = [];
  let row = 0;
  try {
    for await (const cells of input.pipe(parser) as AsyncIterable<string[]>) {
      row++;
      if (!ragged.fits(row, cells.length)) continue;
      if (block.push(cells) < BLOCK) continue;
      yield blockOf(block, row - block.length);
      block = [];
    }
    ragged.end();
    if (block.length > 0) yield blockOf(block, row - block.length);
  } catch (cause) {
    throw damaged(name, header, cause);
  } finally {
    input.destroy();
    parser.destroy();
  }
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
