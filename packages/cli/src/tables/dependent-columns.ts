import { LISTED } from "../data/table/table.js";
import { columnIn } from "../rows.js";
import { namesArgument } from "../ui/format.js";
import { ownColumns, type TableColumn } from "./columns/kinds.js";

/** Rounding of float32, with room for that of a slope. */
const ROUNDED = 2 ** -21;

/** Digits of a slope that is shown. */
const DIGITS = 6;

/** Fewer rows that have values may follow by chance, where other rows lack them. */
const LEAST_PRESENT = 10;

/**
 * The columns that follow exactly from another one: copies, numbers on a line, and names of the same groups of rows. They
 * say nothing new, and with a copy the density of numbers has no upper limit. A column that lacks values follows where it has some.
 *
 * @param rows encoded rows, [n, columns]
 * @returns a line that names them, or none
 */
export function dependentColumns(columns: readonly TableColumn[], rows: Float32Array): string[] {
  const own = ownColumns(columns);
  const of = ({ place }: TableColumn): Float32Array => columnIn(rows, own.length, place);
  const earlier: { column: TableColumn; values: Float32Array }[] = [];
  const hows = new Map<TableColumn, string>();
  // of two copies the one that lacks more values says less
  for (const column of own.toSorted((a, b) => a.found.missing - b.found.missing)) {
    const values = of(column);
    let how: string | undefined;
    for (const before of earlier) {
      how = howItFollows({ column, values }, before);
      if (how !== undefined) break;
    }
    if (how === undefined) earlier.push({ column, values });
    else hows.set(column, how);
  }
  const found = own.flatMap((column) => {
    const how = hows.get(column);
    return how === undefined ? [] : [{ name: column.name, how }];
  });
  if (found.length === 0) return [];
  const listed = found.slice(0, LISTED).map(({ name, how }) => `"${name}" ${how}`);
  const others = found.length > LISTED ? `; and ${found.length - LISTED} more` : "";
  const argument = namesArgument(found.map(({ name }) => name));
  return [
    `columns that follow from others: ${listed.join("; ")}${others}. They say nothing new, and the likelihood counts them again: leave them out by --drop ${argument}`,
  ];
}

type Values = Readonly<{ column: TableColumn; values: Float32Array }>;

function howItFollows(own: Values, before: Values): string | undefined {
  const name = JSON.stringify(before.column.name);
  const [lacks, known] = [own, before].map(({ column }) => column.found.missing) as [number, number];
  if (lacks > known && own.values.length - lacks < LEAST_PRESENT) return undefined;
  const where = lacks > known ? " where it has values" : "";
  const areNumbers = [own, before].every(({ column }) => column.found.range !== undefined);
  if (!areNumbers)
    return own.column.found.distinct === before.column.found.distinct && namesSameGroups(own, before.values)
      ? `names the same groups of rows as ${name}${where}`
      : undefined;
  const line = lineOf(own, before);
  if (!line) return undefined;
  const { slope, offset } = line;
  if (slope === 1 && offset === 0) return `is a copy of ${name}${where}`;
  const shown = offset === 0 ? "" : ` ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`;
  return `is ${slope} × ${name}${shown}${where}`;
}

/** Whether rows that have equal values in one have equal values in the other; those that lack one are left out. */
function namesSameGroups({ column, values }: Values, b: Float32Array): boolean {
  const [there, back] = [new Map<number, number>(), new Map<number, number>()];
  const none = column.found.values?.indexOf(null);
  return values.every((x, row) => {
    if (x === none || Number.isNaN(x)) return true;
    const y = b[row] ?? Number.NaN;
    if (!there.has(x)) there.set(x, y);
    if (!back.has(y)) back.set(y, x);
    return Object.is(there.get(x), y) && Object.is(back.get(y), x);
  });
}

/** The line y = slope x + offset on which all rows lie that have y; in the units of the table. */
function lineOf({ column: yColumn, values: y }: Values, { column: xColumn, values: x }: Values) {
  const { range, origin: from = 0 } = xColumn.found;
  const { range: to, origin = 0 } = yColumn.found;
  if (!range || !to || range.std === 0 || to.std === 0) return undefined;
  const first = y.findIndex((value) => !Number.isNaN(value));
  const [x0, y0] = [x, y].map((values) => values[first] ?? Number.NaN) as [number, number];
  const second = x.findIndex((value, row) => Math.abs(value - x0) > range.std && !Number.isNaN(y[row]));
  const slope = ((y[second] ?? Number.NaN) - y0) / ((x[second] ?? Number.NaN) - x0);
  if (!(Math.abs(slope) > 0)) return undefined;
  const largest = Math.abs(slope) * (range.most - range.least) + Math.abs(to.most) + Math.abs(to.least);
  const onLine = y.every((value, row) => {
    const expected = y0 + slope * ((x[row] ?? Number.NaN) - x0);
    return Number.isNaN(value) || Math.abs(expected - value) <= ROUNDED * largest;
  });
  if (!onLine) return undefined;
  const shown = Number(slope.toPrecision(DIGITS));
  const offset = y0 + origin - shown * (x0 + from);
  return {
    slope: shown,
    offset: Math.abs(offset) <= 10 ** (1 - DIGITS) * largest ? 0 : Number(offset.toPrecision(DIGITS)),
  };
}
