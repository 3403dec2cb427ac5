import Papa from "papaparse";
import { LARGEST_COORDINATE, MOST_POINTS, type PlaneAxis } from "./config.js";

/** Largest file that is read, in bytes. */
export const LARGEST_CSV = 5_000_000;
/** Fewest points. */
const FEWEST = 20;
/** Standard deviation of a column on the plane, in hundredths. */
const SPREAD = 120;
/** Longest heading, in characters. */
const LONGEST_NAME = 40;

type Column = Readonly<{ name: string; values: readonly (number | undefined)[] }>;

/** A file of columns: names from its heading, and numbers where cells hold some. */
export type Table = Readonly<{
  columns: readonly Column[];
  /** The columns with mostly numbers, and the two that are chosen first. */
  numeric: readonly number[];
  first: readonly [number, number];
  rows: readonly Readonly<{ cells: readonly string[]; line: number }>[];
}>;

/** Two columns as points on the plane, in hundredths: x, y, x, y, …; their axes; a note on the scaling. */
export type CsvPoints = Readonly<{ points: number[]; axes: [PlaneAxis, PlaneAxis]; note: string }>;

/**
 * Reads a CSV: columns between commas, semicolons or tabs, cells quoted or not. A first line without numbers is a heading.
 *
 * Throws an `Error` if there are fewer than two columns of numbers.
 */
export function readTable(text: string): Table {
  const { data, meta } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ""));
  const rows = data
    .map((cells, i) => ({ cells, line: i + 1 }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const [head] = rows;
  if (!head) throw new Error("The file is empty, expected two columns of numbers.");
  const number = (cell: string): number | undefined => toNumber(cell, meta.delimiter !== ",");
  const heading = head.cells.every((cell) => number(cell) === undefined);
  if (heading) rows.shift();
  const width = Math.max(...rows.slice(0, 100).map(({ cells }) => cells.length), head.cells.length);
  if (width < 2)
    throw new Error(
      `Line ${head.line} has one column, expected two columns of numbers with a comma between them.`,
    );
  const columns = Array.from({ length: width }, (_, c) => ({
    name: (heading && head.cells[c]?.trim().slice(0, LONGEST_NAME)) || `column ${c + 1}`,
    values: rows.map(({ cells }) => number(cells[c] ?? "")),
  }));
  const numeric = columns.flatMap(({ values }, c) => {
    const filled = rows.filter(({ cells }) => (cells[c] ?? "").trim() !== "").length;
    return 2 * values.filter((value) => value !== undefined).length >= Math.max(1, filled) ? [c] : [];
  });
  const varying = numeric.filter((c) => new Set(columns[c]!.values.filter((v) => v !== undefined)).size > 1);
  const [x, y] = [...varying, ...numeric.filter((c) => !varying.includes(c))]
    .slice(0, 2)
    .sort((a, b) => a - b);
  if (x === undefined || y === undefined)
    throw new Error(
      `The file has ${numeric.length === 1 ? "one column" : "no columns"} of numbers (${columns
        .slice(0, 5)
        .map(({ name }) => name)
        .join(", ")}), expected at least two.`,
    );
  return { columns, numeric, first: [x, y], rows };
}

/**
 * Two columns, each shifted to mean 0 and scaled to a standard deviation of 1.2. From more than a few thousand lines an
 * evenly spaced selection is taken. Lines without a number in one of the two columns are skipped.
 *
 * Throws an `Error` that names the line or the column, and the problem.
 */
export function pointsOf(table: Table, chosen: readonly [number, number]): CsvPoints {
  const [x, y] = chosen.map((c) => table.columns[c]!) as [Column, Column];
  const pairs = table.rows.flatMap((_, i): [number, number][] => {
    const [across, up] = [x.values[i], y.values[i]];
    return across === undefined || up === undefined ? [] : [[across, up]];
  });
  const without = table.rows.length - pairs.length;
  const stride = Math.ceil(pairs.length / MOST_POINTS);
  const taken = pairs.filter((_, i) => i % stride === 0);
  if (taken.length < FEWEST)
    throw new Error(
      `The file has ${taken.length} points, expected at least ${FEWEST}. ${withoutNumber(table, chosen)}`.trim(),
    );
  const axes = [x, y].map(({ name }, c) =>
    axisOf(
      name,
      taken.map((pair) => pair[c]!),
    ),
  ) as [PlaneAxis, PlaneAxis];
  const inside = (value: number): boolean => Math.abs(value) <= LARGEST_COORDINATE;
  const moved = taken.map((pair) =>
    pair.map((value, c) => Math.round((100 * (value - axes[c]!.mean)) / axes[c]!.unit)),
  );
  const points = moved.filter((pair) => pair.every(inside)).flat();
  const outside = taken.length - points.length / 2;
  const parts = [
    `${points.length / 2} of ${table.rows.length} points; ${x.name} across and ${y.name} up, each scaled separately; log p is that of the scaled points`,
    ...(outside > 0 ? [`${outside} outliers were left out`] : []),
    ...(without > 0
      ? [`${without} lines without two numbers were left out. ${withoutNumber(table, chosen)}`]
      : []),
  ];
  return { points, axes, note: `${parts.join("; ").replace(/\.$/, "")}.` };
}

/**
 * Position and scale of a column on the plane: its mean is at 0, and `unit` is the length of 1 in the units of the
 * column.
 */
function axisOf(name: string, values: readonly number[]): PlaneAxis {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0));
  if (values.every((value) => value === values[0]) || !(spread > 0))
    throw new Error(`${name} has the same value in every line, so it has no density. Choose another column.`);
  if (!Number.isFinite(spread))
    throw new Error(`The numbers of ${name} are too large to scale. Choose another column.`);
  return { name, mean, unit: (100 * spread) / SPREAD };
}

/** Describes the first line without a number in one of two columns; empty if there is none. */
function withoutNumber({ columns, rows }: Table, chosen: readonly [number, number]): string {
  for (const [i, { cells, line }] of rows.entries())
    for (const c of chosen) {
      const { name, values } = columns[c]!;
      if (values[i] !== undefined) continue;
      const cell = (cells[c] ?? "").trim();
      const where = name === `column ${c + 1}` ? name : `column ${c + 1} (${name})`;
      return `Line ${line}: ${where} ${cell === "" ? "is empty" : `holds “${cell.slice(0, 40)}”, expected a number`}.`;
    }
  return "";
}

/** The number in a cell. If commas do not separate the columns, a comma may be the decimal mark. */
function toNumber(cell: string, decimalComma: boolean): number | undefined {
  const trimmed = cell.trim();
  const text = decimalComma && /^[-+]?\d+,\d+$/.test(trimmed) ? trimmed.replace(",", ".") : trimmed;
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : undefined;
}
