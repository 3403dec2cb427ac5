import * as v from "valibot";
import { FEATURES } from "../../data/table/calendar.js";
import type { TableSchema } from "../../data/table/schema.js";
import { category } from "./category.js";
import { clock } from "./clock.js";
import type { ColumnKind } from "./column-kind.js";
import { date } from "./date.js";
import { number } from "./number.js";

/** All kinds of columns, in the order in which a column is tried. */
const kinds = { clock, date, number, text: category } as const;

type Kinds = typeof kinds;

/** A column as the model of a table takes it. No noise is added: a row always has the same numbers. */
export type ModelColumn = v.InferOutput<Kinds[keyof Kinds]["schema"]>;

/** Stored columns. */
export const columnSchema = v.variant("kind", [
  clock.schema,
  date.schema,
  number.schema,
  category.schema,
] as never) as unknown as v.GenericSchema<unknown, ModelColumn>;

/** The kind of a column. */
export const kindOf = (column: ModelColumn): ColumnKind<ModelColumn> => kinds[column.kind];

/** The columns of a table that its model takes, and how. Weekday and month follow the date that they are of. */
export function modelColumns({ columns }: TableSchema): ModelColumn[] {
  const used = columns.filter(({ use }) => use === "model");
  const [time, ...derived] = FEATURES;
  const featureOf = (feature: string): Set<string> =>
    new Set(used.filter(({ calendar }) => calendar).map(({ name }) => `${name} ${feature}`));
  const times = featureOf(time);
  const follows = derived.map(featureOf);
  return used
    .filter(({ name }) => !follows.some((names) => names.has(name)))
    .map((column) => {
      for (const kind of Object.values(kinds)) {
        const found = kind.detect(column, times.has(column.name));
        if (found) return found;
      }
      throw new TypeError(`${column.name}: no kind of column takes it`);
    });
}

export const widthOf = (column: ModelColumn): number => kindOf(column).width(column);

/** Numbers of a row. */
export const widthOfAll = (columns: readonly ModelColumn[]): number =>
  columns.reduce((sum, column) => sum + widthOf(column), 0);
