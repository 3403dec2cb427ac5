import { DataError } from "@flowify/core";
import { valuesAt } from "../../places.js";
import { ascendingPlaces, placesOf } from "../../rows.js";
import { unknownName } from "../../ui/format.js";
import { rowName } from "./block.js";
import { type Cell, cellReader, cellText } from "./cell.js";
import type { TableSchema } from "./schema.js";
import { listFirst, type Table } from "./table.js";

/** A row of a table, its time, and its series: without a name where there is one alone. */
export type Row = Readonly<{
  cells: readonly Cell[];
  number: number;
  name: string;
  time: number;
  series: string;
}>;
type Keys = Readonly<{ time: string; series?: Readonly<{ column: string }> | undefined }>;

/** All rows, and those of each series, by their time. Errors: `DataError` for rows without a time or a series, and for two of a series at the same time. */
export async function sortedRows(
  path: string,
  table: Table,
  { time, series }: Keys,
  found?: TableSchema,
): Promise<{ rows: Row[]; of: Map<string, Row[]>; notes: string[] }> {
  const at = table.names.indexOf(time);
  if (at < 0) throw new DataError(`${path}: ${unknownName("column", time, table.names)}`);
  const seriesAt = series ? table.names.indexOf(series.column) : -1;
  if (series && seriesAt < 0)
    throw new DataError(
      `${path}: lacks the column ${JSON.stringify(series.column)}, which says of which series a row is\nadd it`,
    );
  const reader = cellReader();
  const rows: Row[] = [];
  const wrong: string[] = [];
  const nameless: string[] = [];
  for await (const block of table.blocks())
    for (const [i, cells] of block.rows.entries()) {
      const name = rowName(block, i);
      const own = series ? cellText(cells[seriesAt]) : "";
      if (series && reader.read(cells[seriesAt]) === "missing") nameless.push(`row ${name}`);
      const kind = reader.read(cells[at]);
      if (kind !== "date" && kind !== "number") {
        wrong.push(`row ${name} holds ${JSON.stringify(cellText(cells[at]).slice(0, 40))}`);
        continue;
      }
      rows.push({ cells, number: block.numbers[i] as number, name, time: reader.value, series: own });
    }
  if (wrong.length > 0)
    throw new DataError(
      `${path}: column "${time}" is the time, expected a date or a number in each row: ${listFirst(wrong)}\ncorrect these cells, or leave the rows out`,
    );
  if (nameless.length > 0)
    throw new DataError(
      `${path}: column "${series?.column}" names the series, expected a name in each row; none has ${listFirst(nameless)}\nwrite the names, or leave the rows out`,
    );
  const sorted = valuesAt(rows, ascendingPlaces(rows.map((row) => row.time)));
  const places = [...placesOf(sorted.map((row) => row.series))];
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
    rows: sorted,
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
