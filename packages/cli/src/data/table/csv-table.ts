import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { DataError } from "@flowify/core";
import { CsvError, parse } from "csv-parse";
import { readError } from "../packed.js";
import { expectRegularFile } from "../regular-file.js";
import { type CsvDialect, sniffCsv } from "./sniff.js";
import { BLOCK, LONGEST_LINE, raggedRows, type Table, uniqueNames } from "./table.js";

/** Bytes from which the dialect is guessed. */
const SNIFFED = 2 ** 20;

const separatorNames: Readonly<Record<string, string>> = {
  "\t": "tabs",
  ";": "semicolons",
  "|": "bars",
  ",": "commas",
};

/** A CSV or TSV file: separators, quotes, decimal commas, encoding and header as `sniffCsv` finds them. */
export async function csvTable(path: string): Promise<Table> {
  const dialect = await sniffed(path);
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
    blocks: () => blocks(path, dialect, names.length),
  };
}

async function sniffed(path: string): Promise<CsvDialect> {
  expectRegularFile(path);
  const file = await open(path).catch((cause: unknown) => {
    throw readError(path, "a table", cause);
  });
  try {
    const { bytesRead, buffer } = await file
      .read(Buffer.alloc(SNIFFED), 0, SNIFFED, 0)
      .catch((cause: unknown) => {
        throw readError(path, "a table", cause);
      });
    return sniffCsv(path, buffer.subarray(0, bytesRead), bytesRead < SNIFFED);
  } finally {
    await file.close();
  }
}

async function* blocks(
  path: string,
  { separator, encoding, header }: CsvDialect,
  columns: number,
): AsyncGenerator<string[][]> {
  const input = createReadStream(path, { highWaterMark: 1 << 18 });
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
  const ragged = raggedRows(path, columns);
  let block: string[][] = [];
  let row = 0;
  try {
    for await (const cells of input.pipe(parser) as AsyncIterable<string[]>) {
      row++;
      if (!ragged.fits(row, cells.length)) continue;
      if (block.push(cells) < BLOCK) continue;
      yield block;
      block = [];
    }
    ragged.end();
    if (block.length > 0) yield block;
  } catch (cause) {
    throw damaged(path, header, cause);
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
