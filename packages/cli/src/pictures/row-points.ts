import type { RowSet } from "../data/image-set.js";
import { gridOf } from "../data/table/grid.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { valueAt, valueUnder } from "../places.js";
import type { ColumnValue } from "../tables/columns/column-kind.js";
import { columnValues, ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { encodedRows } from "../tables/flow-rows.js";
import { type ScatterColumn, SHOWN } from "./scatter.js";

/** Categories that have a place of their own on an axis, the most frequent first; the others share the last one. */
const NAMED = 12;

type Points = Readonly<{ columns: readonly ScatterColumn[]; groups: readonly ArrayLike<number>[] }>;

/**
 * Groups of rows [n, width] as points of a picture [n, columns]. Those of a table, its first columns, have its values: no noise,
 * categories as places in a list of names, missing values as NaN.
 */
export function rowPoints(
  { shape: [width], columns, schema }: Pick<RowSet, "shape" | "columns" | "schema">,
  groups: readonly Float32Array[],
): Points {
  if (schema) return tablePoints(schema, width, groups);
  const names = Array.from({ length: width }, (_, column) => columns?.[column] ?? `column ${column + 1}`);
  return { columns: names.map((name) => ({ name })), groups };
}

function tablePoints(schema: TableSchema, width: number, groups: readonly Float32Array[]): Points {
  const all = tableColumns(schema);
  const own = ownColumns(all);
  const shown = own.slice(0, SHOWN.columns);
  const drawn = groups.map((rows) => ({
    encoded: encodedRows(all, rows),
    points: new Float64Array((rows.length / width) * shown.length),
  }));
  const columns = shown.map((column, at) => {
    const { found } = column;
    const values = drawn.map(({ encoded }) => columnValues(column, encoded, own.length));
    const categories = found.range ? undefined : namesOf(found, values.flat());
    const places = new Map(categories?.all.map((name, place) => [name, Math.min(place, NAMED - 1)]));
    for (const [i, { points }] of drawn.entries())
      for (const [row, value] of valueAt(values, i).entries())
        points[row * shown.length + at] =
          typeof value === "string" ? valueUnder(places, value) : (value ?? Number.NaN);
    const { name, type } = found;
    if (categories) return { name, categories: categories.shown };
    const step = gridOf(found)?.step;
    return { name, isDate: type === "date", ...(step !== undefined && { step }) };
  });
  return { columns, groups: drawn.map(({ points }) => points) };
}

/** The categories of a column, each once, with those that no training row has, and the names at its axis. */
function namesOf({ values = [] }: ColumnSchema, found: readonly ColumnValue[]) {
  const known = values.map((value) => value ?? "missing");
  const all = [...new Set([...known, ...found.map(String)])];
  const hidden = all.length - NAMED + 1;
  const shown = hidden > 1 ? [...all.slice(0, NAMED - 1), `${hidden} others`] : all;
  return { all, shown };
}
