import { DataError } from "@flowify/core";
import { gunzipSync } from "fflate";
import {
  type ColumnSchema,
  findSchema,
  type Table,
  type TableSchema,
  tableOfBytes,
} from "flowify/tables/browser";
import { LIMITS } from "./config.js";

/** A table in memory, with its columns. */
export type ReadTable = Readonly<{
  name: string;
  table: Table;
  cells: Block["rows"];
  schema: TableSchema;
}>;

type Block = ReturnType<Table["blocks"]> extends AsyncGenerator<infer Each> ? Each : never;

/** Values of a category that have a bar. */
const BARS = 16;

const COMMAND = "take a part of it, or use the command flowify, which takes tables of any size";

/**
 * Reads a file whole.
 *
 * @throws DataError for a file that is no table, damaged, or too large for the page
 */
export async function readTableFile(file: File): Promise<ReadTable> {
  const { name, size } = file;
  const tooLarge = (what: string, most: number, unit: string): DataError =>
    new DataError(
      `${name}: ${what}, expected at most ${most.toLocaleString("en")} ${unit} on this page\n${COMMAND}`,
    );
  if (size > LIMITS.bytes) throw tooLarge(`${(size / 1e6).toFixed(0)} MB`, LIMITS.bytes / 1e6, "MB");
  const bytes = /\.gz$/i.test(name) ? await unpacked(file) : new Uint8Array(await file.arrayBuffer());
  if (!bytes) throw tooLarge("it unpacks to more", LIMITS.bytes / 1e6, "MB");
  const compressors = {
    GZIP: (packed: Uint8Array, length: number) => gunzipSync(packed, { out: new Uint8Array(length) }),
  };
  const found = await tableOfBytes(name, bytes, { compressors });
  const columns = found.names.length;
  if (columns > LIMITS.columns)
    throw tooLarge(`${columns.toLocaleString("en")} columns`, LIMITS.columns, "columns");
  const blocks: Block[] = [];
  let rows = 0;
  for await (const block of found.blocks()) {
    blocks.push(block);
    rows += block.count;
    if (rows > LIMITS.rows)
      throw tooLarge(`more than ${LIMITS.rows.toLocaleString("en")} rows`, LIMITS.rows, "rows");
  }
  const table: Table = {
    ...found,
    async *blocks() {
      yield* blocks;
    },
  };
  const cells = blocks.flatMap((block) => block.rows);
  return { name, table, cells, schema: await findSchema(name, table) };
}

/** Heights for a small histogram of a column: bins of a number, or the most frequent values of a category. */
export function barsOf({ cells }: ReadTable, { histogram, values }: ColumnSchema, at: number): number[] {
  if (histogram) return [...histogram];
  const counts = new Map((values ?? []).slice(0, BARS).map((value) => [value ?? "", 0]));
  for (const row of cells) {
    const text = String(row[at] ?? "");
    const count = counts.get(text);
    if (count !== undefined) counts.set(text, count + 1);
  }
  return [...counts.values()];
}

/**
 * Unpacks a gzip file; undefined where it is larger than the page takes.
 *
 * @throws DataError for a damaged file
 */
async function unpacked(file: File): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new DataError(`${file.name}: damaged gzip file\nfetch the file again, or write it again`, {
        cause,
      });
    });
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    length += value.length;
    if (length <= LIMITS.bytes) continue;
    await reader.cancel();
    return undefined;
  }
}
