import { DataError } from "@flowify/core";
import { parse } from "csv-parse/sync";
import { type Cell, cellReader } from "./cell.js";
import { type Decimals, decimalsOf } from "./decimal-comma.js";

/** How a text file writes a table. */
export type CsvDialect = Readonly<{
  separator: string;
  encoding: "utf8" | "latin1" | "utf16le";
  decimals: Decimals;
  header: boolean;
  /** The cells of the first row. */
  first: readonly string[];
}>;

/** Bytes from which the dialect is guessed. */
export const SNIFFED = 2 ** 20;

/** In this order where several divide the rows equally well: decimal commas divide them as well as separators do. */
const SEPARATORS = ["\t", ";", "|", ","] as const;

/** Rows that are looked at, and those for decimal commas: some columns are nearly empty. */
const LOOKED_AT = { first: 100, decimals: 1000 } as const;

/**
 * The dialect of a CSV file, from its first bytes.
 *
 * @param whole the bytes are all of the file
 * @throws DataError for a first line that goes on behind these bytes, an empty file, UTF-16 in big-endian order and binary data
 */
export function sniffCsv(path: string, bytes: Uint8Array, whole: boolean): CsvDialect {
  const encoding = encodingOf(path, bytes);
  const text = textOf(bytes, { encoding });
  if (text.trim() === "") throw new DataError(`${path}: an empty file, expected a table\nsave it again`);
  if (text.includes("\0"))
    throw new DataError(`${path}: holds zero bytes, expected text\nsave the table as CSV, in UTF-8`);
  const lastLine = text.lastIndexOf("\n");
  if (!whole && lastLine < 0)
    throw new DataError(
      `${path}: the first line is longer than ${bytes.length / 2 ** 20} MiB, expected the names of the columns\nuse fewer columns, or shorter names`,
    );
  const complete = whole || lastLine < 0 ? text : text.slice(0, lastLine);
  const read = SEPARATORS.map((separator) => {
    const rows = rowsOf(complete, separator, LOOKED_AT.first);
    return { separator, rows, ...evenness(rows) };
  });
  const divided = read.filter(({ cells }) => cells > 1);
  const best = divided.reduce<(typeof read)[number] | undefined>(
    (a, b) => (a === undefined || b.share > a.share + 1e-9 ? b : a),
    undefined,
  );
  const { separator, rows } = best ?? read.at(-1)!;
  const more = separator === "," ? rows : rowsOf(complete, separator, LOOKED_AT.decimals);
  const decimals = decimalsOf(more, separator);
  return {
    separator,
    encoding,
    decimals,
    header: hasHeader(rows, decimals),
    first: rows[0] ?? [],
  };
}

/** The text of bytes, without a byte-order mark. */
export const textOf = (bytes: Uint8Array, { encoding }: Pick<CsvDialect, "encoding">): string =>
  new TextDecoder(encoding === "utf16le" ? "utf-16le" : encoding === "utf8" ? "utf-8" : "latin1")
    .decode(bytes)
    .replace(/^\ufeff/, "");

function encodingOf(path: string, bytes: Uint8Array): CsvDialect["encoding"] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    throw new DataError(`${path}: UTF-16 in big-endian order, expected UTF-8\nsave the file in UTF-8`);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return "utf8";
  } catch {
    return "latin1";
  }
}

/** The first rows; damaged ones are left to the reader, which says what is wrong. */
const rowsOf = (text: string, delimiter: string, to: number): string[][] =>
  parse(text, {
    delimiter,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
    to,
  });

/** How many cells most rows have, and the share of rows that have as many. */
function evenness(rows: readonly string[][]): { cells: number; share: number } {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [cells, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
  return { cells, share: most / Math.max(1, rows.length) };
}

/** The first row names columns where it has no value in it, or where all rows are text. */
function hasHeader([first, ...rest]: readonly string[][], decimals: Decimals): boolean {
  const reader = cellReader(decimals);
  const isValue = (cell: Cell): boolean => {
    const kind = reader.read(cell);
    return kind !== "text" && cell !== "";
  };
  if (first === undefined || first.some(isValue)) return false;
  return rest.length === 0 || rest.some((row) => row.some(isValue)) || new Set(first).size === first.length;
}
