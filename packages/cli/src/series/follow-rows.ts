import { DataError, FlowifyError } from "@flowify/core";
import Papa from "papaparse";
import { rowBlock, type Unit } from "../data/table/block.js";
import { type Cell, cellReader } from "../data/table/cell.js";
import { codeTest } from "../data/table/missing-codes.js";
import { namesOfOrder, wholeRow } from "../data/table/ordered-table.js";
import type { TableOrder } from "../data/table/schema.js";
import { inUnits, unitsOf } from "../data/table/series-units.js";
import { cleanCell, isBlank } from "../data/table/sniff.js";
import { seriesName } from "../data/table/sorted-rows.js";
import { stretchesOf } from "../data/table/time-steps.js";
import { plainCell } from "../data/table/written-as.js";
import type { Prediction } from "../regression/columns.js";
import { tableColumns } from "../tables/columns/kinds.js";
import { rowEncoder } from "../tables/row-encoder.js";
import { countOf, quoted } from "../ui/format.js";
import type { SeriesScorer } from "./score-series.js";
import { timeOf } from "./series.js";

const INPUT = "standard input";

/** Separators of cells, in the order in which a header is tried with them. */
const SEPARATORS = [",", ";", "\t", "|"] as const;

const cellsOf = (line: string, delimiter: string): string[] =>
  ((Papa.parse(line, { delimiter }).data[0] ?? []) as string[]).map((cell) => cleanCell(cell) ?? cell);

/** The separator with which a header has all of these columns; a comma where none has. */
const separatorOf = (header: string, columns: readonly string[]): string =>
  SEPARATORS.find((each) => {
    const names = cellsOf(header, each);
    return columns.every((name) => names.includes(name));
  }) ?? ",";

const reader = cellReader();

/**
 * The cells of each line of CSV as soon as it comes, the header first: its score, or nothing but its time while fewer rows than
 * the lags stand before it. A row that is damaged, or no later than the one before it in its series, is warned of and left out.
 *
 * @throws DataError for a header that lacks a column
 */
export async function* followRows(
  { schema }: Prediction,
  scorer: SeriesScorer,
  lines: AsyncIterable<string>,
  warn: (line: string) => void,
): AsyncGenerator<Cell[]> {
  const order = schema.order as TableOrder;
  const keyNames = order.series?.columns ?? [];
  const needed = [...keyNames, order.time, ...order.columns];
  const formOf = new Map(schema.columns.map((column) => [column.name, column]));
  const isCode = codeTest(schema.missing ?? []);
  let separator: string | undefined;
  let names: string[] | undefined;
  let encoder: ReturnType<typeof rowEncoder> | undefined;
  const all = new Map<string, { past: { cells: Cell[]; time: number }[]; units?: readonly Unit[] }>();
  let number = 0;
  for await (const line of lines) {
    if (line.trim() === "") continue;
    separator ??= separatorOf(line, needed);
    const read = cellsOf(line, separator);
    if (isBlank(read)) continue;
    const cells = read.map((cell, i) => (isCode(cell) ? "" : plainCell(cell, formOf.get(names?.[i] ?? ""))));
    if (names === undefined || encoder === undefined) {
      names = cells;
      const lacking = needed.find((name) => !cells.includes(name));
      if (lacking !== undefined)
        throw new DataError(
          `${INPUT}: lacks the column ${JSON.stringify(lacking)}, expected a header with ${quoted(needed)}\nsend CSV whose first line has the names of the columns`,
        );
      encoder = rowEncoder(INPUT, { names: [...names, ...namesOfOrder(order)] }, tableColumns(schema));
      continue;
    }
    number++;
    const called = cells[names.indexOf(order.time)] ?? "";
    const time = timeOf(called);
    const head = names;
    const keys = keyNames.map((name) => cells[head.indexOf(name)] ?? "");
    const nameless = keyNames.find((_, k) => reader.read(keys[k]) === "missing");
    const series = seriesName(keys);
    const own = all.get(series) ?? { past: [] };
    const last = own.past.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    if (cells.length !== names.length || Number.isNaN(time) || time <= last || nameless !== undefined) {
      const why =
        cells.length !== names.length
          ? `has ${countOf(cells.length, "cell")}, expected ${names.length}`
          : Number.isNaN(time)
            ? `has the time ${JSON.stringify(called)}, expected a date or a number`
            : time <= last
              ? `has the time ${called}, which is no later than that of the row before it`
              : `has no ${JSON.stringify(nameless)}, which says of which series it is`;
      warn(`row ${number} ${why}: it is left out`);
      continue;
    }
    const isGap = stretchesOf(order, [last, time])[1] === 1;
    if (isGap && own.past.length > 0)
      warn(`row ${number} comes after a gap: the next rows need ${countOf(order.lags, "row")} behind it`);
    own.past = [...(isGap ? [] : own.past), { cells, time }].slice(-1 - order.lags);
    all.set(series, own);
    if (own.past.length <= order.lags) {
      const first = [...keys, called];
      yield [...first, ...scorer.columns.slice(first.length).map(() => null)];
      continue;
    }
    own.units ??= order.series ? unitsOf(order.series, names, series, own.past) : [];
    try {
      const rows = own.past.map(inUnits(order, names, own.units));
      const row = encoder.encode(rowBlock([wholeRow(order, names, rows, own.units)], [number]));
      const facts = { name: series, keys, units: own.units, endRows: own.past.length };
      const [found = []] = await scorer.score(row, [called], [facts]);
      yield found;
    } catch (error) {
      if (!(error instanceof FlowifyError)) throw error;
      own.past = own.past.slice(0, -1);
      warn(`${error.message.split("\n")[0]}: the row is left out`);
    }
  }
  for (const line of encoder?.notes() ?? []) warn(`${INPUT}: ${line}`);
}
