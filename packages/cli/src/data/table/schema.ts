import * as z from "zod";

const columnTypes = [
  "continuous",
  "integer",
  "boolean",
  "category",
  "date",
  "constant",
  "identifier",
  "text",
  "mixed",
] as const;
export type ColumnType = (typeof columnTypes)[number];

/** `model`: the flow gets it; `id`: it names the rows; `none`: it is left out. */
const uses = ["model", "id", "none"] as const;

const number = z.number();
const count = z.number().int().nonnegative();

const columnSchema = z.strictObject({
  name: z.string(),
  type: z.enum(columnTypes),
  use: z.enum(uses),
  /** Rows without a value. */
  missing: count,
  /** Different values; with `uncounted` there are more. */
  distinct: count,
  uncounted: z.exactOptional(z.literal(true)),
  /** Of numbers and dates (days since 1970-01-01 UTC). */
  range: z.exactOptional(z.strictObject({ least: number, most: number, mean: number, std: number })),
  /** The step between values that repeat, over which noise is spread; 0 where they do not. */
  gap: z.exactOptional(number.nonnegative()),
  /** What is subtracted, so that float32 keeps the digits. */
  origin: z.exactOptional(number),
  /** The values of a category, the most frequent first; null is a missing one. */
  values: z.exactOptional(z.array(z.string().nullable())),
  /** Values that many rows share, and their share of the rows. */
  spikes: z.exactOptional(z.array(z.strictObject({ value: z.string(), share: number }))),
  /** Rows in bins of the same width from the least value to the most. */
  histogram: z.exactOptional(z.array(count)),
  /** Why it cannot be used. */
  problem: z.exactOptional(z.string()),
});

/** The columns of a table as they were found in the file that a run was trained on. */
export const tableSchema = z.strictObject({
  version: z.literal(1),
  rows: count,
  columns: z.array(columnSchema),
});

export type ColumnSchema = Readonly<z.infer<typeof columnSchema>>;
export type TableSchema = Readonly<z.infer<typeof tableSchema>>;
