import { type Cell, cellReader } from "../table/cell.js";
import type { ColumnFormat } from "../table/written-as.js";

export const tableFormats = ["csv", "json", "jsonl", "parquet"] as const;
export type TableFormat = (typeof tableFormats)[number];

/** The same, and arrays of the numbers of a network. */
export const rowFormats = [...tableFormats, "npy"] as const;
export type RowFormat = (typeof rowFormats)[number];

/** The format, one of these, that the ending of a file name stands for. */
export const formatOf = <Format extends RowFormat>(
  file: string | undefined,
  formats: readonly Format[],
): Format | undefined => formats.find((format) => file?.toLowerCase().endsWith(`.${format}`));

export type WrittenColumn = Readonly<{
  name: string;
  /** Flags are 0 and 1. Booleans and dates (ISO 8601) come as texts, and are written in the type that the format has for them. */
  type: "text" | "number" | "flag" | "boolean" | "date";
  /** Some cells are null. */
  nullable?: boolean;
  /** Significant digits of numbers in formats of text; by default all. */
  digits?: number;
  /** How CSV has its cells, where that is not how flowify writes them. */
  format?: ColumnFormat | undefined;
}>;

export type WrittenRow = readonly Cell[];

/** Writes rows as they come, in memory that does not grow with them. */
export type RowWriter<Rows = readonly WrittenRow[]> = Readonly<{
  add(rows: Rows): Promise<void>;
  /** Writes all rows so far. */
  flush(): Promise<void>;
  /** Writes the rest, and what stands behind all rows. */
  end(): Promise<void>;
  /** What another writer needs to go on after all rows so far, as JSON; undefined while some of them are not written. */
  progress(): unknown;
}>;

/** The number with the digits of its column. */
export const rounded = ({ digits }: WrittenColumn, cell: Cell): Cell =>
  digits !== undefined && typeof cell === "number" ? Number(cell.toPrecision(digits)) : cell;

/** Turns cells into the type that JSON and Parquet have for them: `true` and `false` are no texts there. */
export function typedCell({ type }: WrittenColumn): (cell: Cell) => Cell {
  if (type !== "boolean") return (cell) => cell;
  const reader = cellReader();
  return (cell) => (reader.read(cell) === "missing" ? null : reader.value === 1);
}
