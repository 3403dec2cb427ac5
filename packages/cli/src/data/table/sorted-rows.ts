import { DataError } from "@flowify/core";
import { valuesAt } from "../../places.js";
import { ascendingPlaces, placesOf } from "../../rows.js";
import { unknownName } from "../../ui/format.js";
import { rowName } from "./block.js";
import { type Cell, cellReader, cellText } from "./cell.js";
import type { TableSchema } from "./schema.js";
import { listFirst, type Table } from "./table.js";

/** What a series is called by its keys: several with commas between them, in quotes those that hold commas or quotes. */
export const seriesName = (keys: readonly string[]): string =>
  keys.length === 1
    ? String(keys[0])
    : keys.map((key) => (/[",]/.test(key) ? JSON.stringify(key) : key)).join(", ");

/** A row of a table, its time, and the keys of its series. */
export type Row = Readonly<{
  cells: readonly Cell[];
  number: number;
  name: string;
  time: number;
  keys: readonly string[];
}>;
type Keys = Readonly<{ time: string; series?: Readonly<{ columns: readonly string[] }> | undefined }>;

/** The rows of each series, by its name, in the order of time. Errors: `DataError` for rows without a time or a series, and for two of a series at the same time. */
export async function sortedRows(
  path: string,
  table: Table,
  { time, series }: Keys,
  found?: TableSchema,
): Promise<{ of: Map<string, Row[]>; notes: string[] }> {
  const at = table.names.indexOf(time);
  if (at < 0) throw new DataError(`${path}: ${unknownName("column", time, table.names)}`);
  const keyNames = series?.columns ?? [];
  const lacking = keyNames.find((name) => !table.names.includes(name));
  if (lacking !== undefined)
    throw new DataError(
      `${path}: lacks the column ${JSON.stringify(lacking)}, which says of which series a row is\nadd it`,
    );
  const keysAt = keyNames.map((name) => table.names.indexOf(name));
  const reader = cellReader();
  const rows: Row[] = [];
  const wrong: string[] = [];
  const nameless = keyNames.map((): string[] => []);
  for await (const block of table.blocks())
    for (const [i, cells] of block.rows.entries()) {
      const name = rowName(block, i);
      for (const [k, place] of keysAt.entries())
        if (reader.read(cells[place]) === "missing") nameless[k]?.push(`row ${name}`);
      const kind = reader.read(cells[at]);
      if (kind !== "date" && kind !== "number") {
        wrong.push(`row ${name} holds ${JSON.stringify(cellText(cells[at]).slice(0, 40))}`);
        continue;
      }
      const keys = keysAt.map((place) => cellText(cells[place]));
      rows.push({ cells, number: block.numbers[i] as number, name, time: reader.value, keys });
    }
  if (wrong.length > 0)
    throw new DataError(
      `${path}: column "${time}" is the time, expected a date or a number in each row: ${listFirst(wrong)}\ncorrect these cells, or leave the rows out`,
    );
  for (const [k, without] of nameless.entries())
    if (without.length > 0)
      throw new DataError(
        `${path}: column "${keyNames[k]}" names the series, expected a name in each row; none has ${listFirst(without)}\nwrite the names, or leave the rows out`,
      );
  const sorted = valuesAt(rows, ascendingPlaces(rows.map((row) => row.time)));
  const places = [...placesOf(sorted.map((row) => seriesName(row.keys)))];
  const of = new Map(places.map(([name, own]) => [name, valuesAt(sorted, own)]));
  const twice = [...of.values()].flatMap((own) => own.filter((row, i) => row.time === own[i - 1]?.time));
  const isMoved = [...of.values()].some((own) =>
    own.some(({ number }, i) => number < (own[i - 1]?.number ?? 0)),
  );
  if (twice.length > 0)
    throw new DataError(
      `${path}: column "${time}" is the time, expected another one in each row${series ? " of a series" : ""}: ${listFirst(
        twice.map((row) => `row ${row.name} has the time ${cellText(row.cells[at])} of an earlier one`),
      )}\n${series ? "leave all but one of them out" : remedyOf(rows, table, found)}`,
    );
  return {
    of,
    notes: isMoved ? [`rows are not in the order of "${time}": they were sorted`] : [],
  };
}

/** What to do where rows have the same time. Of the columns that tell them apart, the one with the fewest values is named. */
function remedyOf(rows: readonly Row[], { names }: Table, found: TableSchema | undefined): string {
  const apart = found?.columns
    .filter(({ range, type, distinct }) => (!range || type === "integer") && 2 * distinct <= rows.length)
    .sort((a, b) => a.distinct - b.distinct)
    .find(({ name }) => {
      const at = names.indexOf(name);
      return new Set(rows.map(({ time, cells }) => `${time} ${cellText(cells[at])}`)).size === rows.length;
    });
  const own = apart && (/\s/.test(apart.name) ? JSON.stringify(apart.name) : apart.name);
  return `leave all but one of them out, or ${own === undefined ? "name the column that tells series apart with train --series COLUMN" : `add --series ${own} if that column tells series apart`}`;
}
