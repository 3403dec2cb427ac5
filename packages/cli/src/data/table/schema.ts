import * as v from "valibot";
import { writtenForms } from "./written-as.js";

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

const number = v.number();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Of numbers and dates (days since 1970-01-01 UTC). */
const range = v.strictObject({ least: number, most: number, mean: number, std: number });

const columnSchema = v.strictObject({
  name: v.string(),
  type: v.picklist(columnTypes),
  use: v.picklist(uses),
  /** Rows without a value. */
  missing: count,
  /** Different values; with `uncounted` there are more. */
  distinct: count,
  uncounted: v.exactOptional(v.literal(true)),
  range: v.exactOptional(range),
  /** The step between values that repeat, over which noise is spread; 0 where they do not. */
  gap: v.exactOptional(v.pipe(number, v.minValue(0))),
  /** Values are no multiples of the gap. */
  uneven: v.exactOptional(v.literal(true)),
  /** Steps after which a pattern of the values begins again: days of a week, cents. */
  cycle: v.exactOptional(v.pipe(number, v.integer(), v.minValue(2))),
  /** Days of which all differences of dates are multiples, whole milliseconds, where the gap is no such number. */
  grid: v.exactOptional(v.pipe(number, v.gtValue(0))),
  /** Decimals that the values of a continuous column have at most; absent where they have many. */
  decimals: v.exactOptional(count),
  /** Significant digits that they have at most, where they are rounded to these or have many decimals. */
  digits: v.exactOptional(count),
  /** What is subtracted, so that float32 keeps the digits. */
  origin: v.exactOptional(number),
  /** The values of a category, the most frequent first; null is a missing one. */
  values: v.exactOptional(v.array(v.nullable(v.string()))),
  /** Values that many rows share, and their share of the rows. */
  spikes: v.exactOptional(v.array(v.strictObject({ value: v.string(), share: number }))),
  /** Those of a column of many numbers: each has a probability, the other values a density. */
  atoms: v.exactOptional(v.array(number)),
  /** All values, rising, of a column that has few, such as prices of tickets: each has a probability. */
  levels: v.exactOptional(v.array(number)),
  /**
   * Another column whose value it has in many rows, and the share of the rows in which it has. `above`: it is never less, and
   * so much more in other rows.
   */
  equals: v.exactOptional(
    v.strictObject({ column: v.string(), share: number, above: v.exactOptional(range) }),
  ),
  /** Rows in bins of the same width from the least value to the most. */
  histogram: v.exactOptional(v.array(count)),
  /** A date whose time, weekday and month are columns as well. */
  calendar: v.exactOptional(v.literal(true)),
  /** A place on a circle: after so much the values begin again. */
  period: v.exactOptional(v.pipe(number, v.gtValue(0))),
  /** What a person reads as numbers or dates, in a form that flowify does not read so. */
  looksLike: v.exactOptional(v.picklist(["number", "date"])),
  /** How to write it. */
  hint: v.exactOptional(v.string()),
  /** How its cells are written in the file, by an example, where that is not how flowify writes them. */
  writtenAs: v.exactOptional(v.picklist(writtenForms)),
  /** The style in which samples of its cells are written, by an example. */
  style: v.exactOptional(v.pipe(v.string(), v.maxLength(100))),
  /** Why it cannot be used. */
  problem: v.exactOptional(v.string()),
});

const positive = v.pipe(number, v.integer(), v.minValue(1));

const unitSchema = v.tuple([number, v.pipe(number, v.gtValue(0))]);

/** Rows that follow each other in time, and have the values of those before them as columns. */
const orderSchema = v.strictObject({
  time: v.string(),
  /** The columns that go on, and how many rows back each of them is known. */
  columns: v.array(v.string()),
  lags: positive,
  /** Rows that are forecast at once. */
  horizon: positive,
  /** What lies between two rows, in days for dates; with `months` those, which differ in length. */
  step: v.pipe(number, v.gtValue(0)),
  months: v.exactOptional(positive),
  /** Of dates: days after which the calendar begins again. */
  periods: v.array(number),
  /** Where a table holds several series. */
  series: v.exactOptional(
    v.strictObject({
      /** The columns that name them. */
      columns: v.array(v.string()),
      /** Columns whose values are read as usual steps of their series away from its middle. */
      measured: v.array(
        v.strictObject({
          name: v.string(),
          /** A value that many rows share; without it the middle is the mean. */
          middle: v.exactOptional(number),
          /** What lies between two values, of whole numbers. */
          grid: v.exactOptional(v.pipe(number, v.gtValue(0))),
          /** No value is below zero. */
          signless: v.exactOptional(v.literal(true)),
          range,
        }),
      ),
      /** The series of the training table, with a unit for each of these columns. */
      known: v.array(v.strictObject({ keys: v.array(v.string()), units: v.array(unitSchema) })),
    }),
  ),
});
export type TableOrder = Readonly<v.InferOutput<typeof orderSchema>>;

/** What stands between cells where no comma does: some of them are numbers with decimal commas. */
const separators = ["\t", ";", "|"] as const;
export type Separator = (typeof separators)[number];

/** The columns of a table as they were found in the file that a run was trained on. */
export const tableSchema = v.strictObject({
  version: v.literal(1),
  rows: count,
  columns: v.array(columnSchema),
  /** What stands between the cells of the text file. Default: a comma, as in tables of other kinds of files. */
  separator: v.exactOptional(v.picklist(separators)),
  /** Cells that stand for a missing value, besides those that always do. */
  missing: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  order: v.exactOptional(orderSchema),
  /** Columns of which the first is never more than the second, as many rows would be by chance, but for so many exceptions. */
  never: v.exactOptional(
    v.array(v.strictObject({ column: v.string(), above: v.string(), exceptions: v.exactOptional(count) })),
  ),
});

export type ColumnSchema = Readonly<v.InferOutput<typeof columnSchema>>;
export type TableSchema = Readonly<v.InferOutput<typeof tableSchema>>;

/** Which columns and rows of a table are used. */
export type TableChoice = Readonly<{
  /** Only these. */
  columns?: readonly string[];
  /** All but these. */
  drop?: readonly string[];
  /** The column that names the rows. */
  id?: string;
  /** Columns of dates whose time, weekday and month become columns as well. */
  calendar?: readonly string[];
  /** Cells that stand for a missing value. */
  missing?: readonly string[];
  /** Only rows that fulfil this SQL condition. */
  where?: string;
}>;
