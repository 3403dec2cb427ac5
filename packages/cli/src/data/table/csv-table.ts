import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { parse } from "csv-parse";
import { readError } from "../packed.js";
import { expectRegularFile } from "../regular-file.js";
import { csvOptions, csvRows } from "./csv-rows.js";
import { type CsvDialect, SNIFFED, sniffCsv } from "./sniff.js";
import type { Table } from "./table.js";

/** A CSV or TSV file: separators, quotes, decimal commas, encoding and header as `sniffCsv` finds them. */
export async function csvTable(path: string): Promise<Table> {
  const dialect = await sniffed(path);
  return csvRows(path, dialect, () => records(path, dialect));
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

async function* records(path: string, dialect: CsvDialect): AsyncGenerator<string[]> {
  const input = createReadStream(path, { highWaterMark: 1 << 18 });
  const parser = parse(csvOptions(dialect));
  input.on("error", (error) => parser.destroy(error));
  try {
    yield* input.pipe(parser) as AsyncIterable<string[]>;
  } finally {
    input.destroy();
    parser.destroy();
  }
}
