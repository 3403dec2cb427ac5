import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { csvOptions, csvRows } from "./csv-rows.js";
import { type CsvDialect, SNIFFED, sniffCsv } from "./sniff.js";
import { type TextSource, textSource } from "./sources/text-source.js";
import type { Table } from "./table.js";

/** A CSV or TSV file, or one packed by gzip: separators, quotes, decimal commas, encoding and header as `sniffCsv` finds them. */
export async function csvTable(path: string, called = path): Promise<Table> {
  const source = textSource(path, called, "a table");
  const { bytes, whole } = await source.head(SNIFFED);
  const dialect = sniffCsv(called, bytes, whole);
  return csvRows(called, dialect, () => records(source, dialect));
}

async function* records({ pieces }: TextSource, dialect: CsvDialect): AsyncGenerator<string[]> {
  const input = Readable.from(pieces());
  const parser = parse(csvOptions(dialect));
  input.on("error", (error) => parser.destroy(error));
  try {
    yield* input.pipe(parser) as AsyncIterable<string[]>;
  } finally {
    input.destroy();
    parser.destroy();
  }
}
