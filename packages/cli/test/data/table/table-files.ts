import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import type { Table } from "../../../src/data/table/table.js";
import { tableOfBytes } from "../../../src/data/table/table-bytes.js";
import { temporaryFolder } from "../../temporary-folder.js";

/** Writes files to a folder of their own; what it returns is their path. */
export function tableFiles(): (name: string, content: string | Uint8Array) => string {
  const root = temporaryFolder();
  return (name, content) => {
    const path = join(root, name);
    writeFileSync(path, content);
    return path;
  };
}

/** What a file holds; its bytes alone hold the same. */
export async function readTable(path: string) {
  const opening = openTable(path);
  const bytes = new Uint8Array(readFileSync(path));
  const [found, again] = await Promise.allSettled([contentOf(opening), contentOf(tableOfBytes(path, bytes))]);
  const words = (result: PromiseSettledResult<unknown>): unknown =>
    result.status === "rejected"
      ? (result.reason as Error).message.replace(/(Parquet file) \(.*\)/, "$1") // in the words of two libraries
      : result.value;
  expect(words(again)).toEqual(words(found));
  if (found.status === "rejected") throw found.reason;
  return found.value;
}

async function contentOf(opening: Promise<Table>) {
  const table = await opening;
  const rows = [];
  for await (const block of table.blocks()) rows.push(...block.rows);
  return { names: table.names, rows, notes: table.notes, formats: table.formats };
}

export const schemaOf = async (path: string) => findSchema(path, await openTable(path));
