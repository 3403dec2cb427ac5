import { DataError } from "@flowify/core";
import Papa from "papaparse";
import { lastOf, valueAt } from "../../places.js";
import { type CellKind, cellReader } from "./cell.js";
import { type Decimals, decimalsOf } from "./decimal-comma.js";
import type { Separator } from "./schema.js";
import type { Text } from "./text.js";
import { commaNumber } from "./written-as.js";

/** How a text file writes a table. */
export type CsvDialect = Readonly<{
  separator: Separator | ",";
  newline: "\n" | "\r";
  decimals: Decimals;
  header: boolean;
  /** Rows above the header that are not of the table. */
  above: readonly (readonly string[])[];
  /** The cells of the first row. */
  first: readonly string[];
  /** Rows behind the header that were looked at. */
  sample: readonly string[][];
}>;

/** In this order where several divide the rows equally well: decimal commas divide them as well as separators do. */
const SEPARATORS = ["\t", ";", "|", ","] as const satisfies readonly CsvDialect["separator"][];

/** Rows that are looked at, and those for decimal commas: some columns are nearly empty. */
const LOOKED_AT = { first: 100, decimals: 1000 } as const;

/**
 * The dialect of a CSV file, from its first characters.
 *
 * @throws DataError for a first line that goes on behind them, and an empty file
 */
export function sniffCsv({ name, head, whole }: Text): CsvDialect {
  if (head.trim() === "") throw new DataError(`${name}: an empty file, expected a table\nsave it again`);
  const newline = head.includes("\n") ? "\n" : "\r";
  const lastLine = head.lastIndexOf(newline);
  if (!whole && lastLine < 0)
    throw new DataError(
      `${name}: the first line is longer than ${head.length / 2 ** 20} MiB, expected the names of the columns\nuse fewer columns, or shorter names`,
    );
  const complete = whole || lastLine < 0 ? head : head.slice(0, lastLine);
  const rowsOf = (separator: string, preview: number): string[][] =>
    firstRows(complete, { separator, newline, preview });
  const read = SEPARATORS.map((separator) => {
    const rows = rowsOf(separator, LOOKED_AT.first);
    return { separator, rows, ...evenness(rows) };
  });
  const divided = read.filter(({ cells }) => cells > 1);
  const best = divided.reduce<(typeof read)[number] | undefined>(
    (a, b) => (a === undefined || b.share > a.share + 1e-9 ? b : a),
    undefined,
  );
  const { separator, rows, cells: width } = best ?? lastOf(read);
  const more = rowsOf(separator, LOOKED_AT.decimals);
  const above = rowsAbove(rows, width);
  const own = more.slice(above.length);
  const decimals = decimalsOf(own, separator);
  const header = hasHeader(rows.slice(above.length), decimals);
  return {
    separator,
    newline,
    decimals,
    header,
    above,
    first: own[0] ?? [],
    sample: own.slice(header ? 1 : 0),
  };
}

/** Comments `# …`, and titles: one cell each, above a header as wide as the table. A row that is a cell short names columns beside names of rows. */
function rowsAbove(rows: readonly string[][], width: number): readonly string[][] {
  const end = rows.findIndex((row) => row.length === width || !(row[0]?.startsWith("#") || row.length === 1));
  const above = rows.slice(0, Math.max(0, end));
  const isTitled = above.some(([cell]) => !cell?.startsWith("#"));
  const rest = rows.slice(above.length);
  if (rest[0]?.length !== width || (isTitled && !hasHeader(rest, PLAIN))) return [];
  return above;
}

const PLAIN: Decimals = { decimalComma: false, thousandsDots: false };

/** The first rows; damaged ones are left to the reader, which says what is wrong. */
const firstRows = (
  text: string,
  { separator, newline, preview }: { separator: string; newline: CsvDialect["newline"]; preview: number },
): string[][] =>
  (
    new Papa.Parser({ delimiter: separator, newline, preview }).parse(text, 0, false) as Papa.ParseResult<
      string[]
    >
  ).data
    .filter((cells) => !isBlank(cells))
    .map((cells) => cells.map((cell) => cleanCell(cell) ?? cell));

export const isBlank = (cells: readonly string[]): boolean =>
  cells.length === 1 && valueAt(cells, 0).trim() === "";

/** A cell without the space around it, also where the space stands before a quote; undefined where only one quote does. */
export function cleanCell(cell: string): string | undefined {
  const text = cell.trim();
  if (!text.startsWith('"') || cell.startsWith('"')) return text;
  return text.length > 1 && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : undefined;
}

/** How many cells most rows have, and the share of rows that have as many. */
function evenness(rows: readonly string[][]): { cells: number; share: number } {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [cells, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
  return { cells, share: most / Math.max(1, rows.length) };
}

/** Cells that count in the first row, so that they are names: fewer could be the values of a row. */
const COUNTED = { amongDecimals: 2, outside: 3, any: 8 } as const;

const WHOLE = /^\d+$/;

/** The first row names columns where it has no value in it, where its values can only be names, or where all rows are text. */
function hasHeader([first, ...rest]: readonly string[][], { decimalComma }: Decimals): boolean {
  if (first === undefined) return false;
  const reader = cellReader();
  const kindOf = (cell: string): CellKind => reader.read(decimalComma ? (commaNumber(cell) ?? cell) : cell);
  const isValue = (cell: string): boolean => cell !== "" && kindOf(cell) !== "text";
  const belowOf = (column: number): string[] =>
    rest.map((row) => row[column] ?? "").filter((cell) => kindOf(cell) !== "missing");
  /** "Na" above numbers, or a day above them: what no other cell of the column is. */
  const isOther = (cell: string, column: number): boolean => {
    const kind = kindOf(cell);
    if (kind === "missing") return rest.every((row) => row[column] !== cell);
    return kind === "date" && belowOf(column).every((below) => kindOf(below) === "number");
  };
  const values = first.flatMap((cell, i) => (isValue(cell) && !isOther(cell, i) ? [i] : []));
  if (values.length === 0)
    return rest.length === 0 || rest.some((row) => row.some(isValue)) || new Set(first).size === first.length;
  return counts(
    values.map((i) => first[i] ?? ""),
    values.map(belowOf),
    first[0] === "" && belowOf(0).length === rest.length,
  );
}

/** True for 0, 1, 2, … or 2019, 2020, … above cells that are unlike them; `corner`: nothing stands above the names of rows. */
function counts(names: readonly string[], below: readonly string[][], corner: boolean): boolean {
  const numbers = names.map(Number);
  const [from = 0] = numbers;
  if (!names.every((name, i) => WHOLE.test(name) && numbers[i] === from + i)) return false;
  const cells = below.flat();
  if (cells.length === 0) return false;
  if (cells.filter((cell) => WHOLE.test(cell)).length < cells.length / 2)
    return corner || names.length >= COUNTED.amongDecimals;
  const outside = below.every((column, i) => {
    const values = column.map(Number);
    return numbers[i]! < Math.min(...values) || numbers[i]! > Math.max(...values);
  });
  return names.length >= (outside ? COUNTED.outside : COUNTED.any);
}
