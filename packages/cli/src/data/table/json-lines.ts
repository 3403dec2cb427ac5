import { jsonRows } from "./json-rows.js";
import { textSource } from "./sources/text-source.js";
import type { Table } from "./table.js";

/** A file of JSON lines, or one packed by gzip. */
export const jsonLinesTable = (path: string, called = path): Promise<Table> =>
  jsonRows(called, textSource(path, called, "JSON lines").pieces);
