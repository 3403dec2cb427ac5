import { createReadStream } from "node:fs";
import { readError } from "../packed.js";
import { expectRegularFile } from "../regular-file.js";
import { jsonRows } from "./json-rows.js";
import type { Table } from "./table.js";

/** A file of JSON lines. */
export async function jsonLinesTable(path: string): Promise<Table> {
  expectRegularFile(path);
  return jsonRows(path, () => chunksOf(path));
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const input = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    yield* input as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw readError(path, "JSON lines", cause);
  } finally {
    input.destroy();
  }
}
