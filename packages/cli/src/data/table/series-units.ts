import { meanAndSpread, meanOf, quantile } from "../../statistics.js";
import type { TableSeries, Unit } from "./block.js";
import { type Cell, cellReader } from "./cell.js";
import type { TableOrder, TableSchema } from "./schema.js";
import { type Row, seriesName } from "./sorted-rows.js";

type SeriesOrder = NonNullable<TableOrder["series"]>;
type Rows = readonly Readonly<{ cells: readonly Cell[] }>[];

const reader = cellReader();
const numbersIn = (rows: Rows, at: number): number[] =>
  rows.flatMap(({ cells }) => (reader.read(cells[at] ?? null) === "number" ? [reader.value] : []));

/**
 * The mean of a column, or the value of its grid next to it, and the mean size of its steps; 0 where it has none.
 *
 * Source: the scale of Hyndman and Koehler 2006, the mean error of the last value as a forecast.
 */
function unitIn(rows: Rows, at: number, grid?: number): Unit {
  const values = numbersIn(rows, at);
  const steps = values.slice(1).map((value, i) => Math.abs(value - (values[i] as number)));
  const mean = meanOf(values) || 0;
  const [first = 0] = values;
  return [grid === undefined ? mean : onGrid(mean, first, grid), meanOf(steps) || 0];
}

const onGrid = (value: number, from: number, grid: number): number =>
  from + grid * Math.round((value - from) / grid);

/** The middle one of those that are not 0. */
const usualStep = (units: readonly Unit[]): number => {
  const steps = units.map(([, step]) => step).filter((step) => step > 0);
  return steps.length === 0 ? 1 : quantile(Float64Array.from(steps).sort(), 0.5);
};

/** The units of a series, by training or else by its own rows. */
export function unitsOf(
  { measured, known }: SeriesOrder,
  names: readonly string[],
  series: string,
  rows: Rows,
): readonly Unit[] {
  const found = known.find(({ keys }) => seriesName(keys) === series);
  if (found) return found.units;
  return measured.map(({ name, middle, grid }, k): Unit => {
    const [mean, step] = unitIn(rows, names.indexOf(name), grid);
    return [middle ?? mean, step || usualStep(known.map(({ units }) => units[k] as Unit))];
  });
}

/** The series of a table, and which of the columns are measured by them: all numbers. */
export function findSeries(
  keys: readonly string[],
  { columns }: TableSchema,
  {
    names,
    of,
    wanted,
  }: Readonly<{
    names: readonly string[];
    of: ReadonlyMap<string, readonly Row[]>;
    wanted: readonly string[];
  }>,
): SeriesOrder {
  const series = [...of.values()].sort((a, b) => b.length - a.length);
  const measured = columns.flatMap(({ name, range, type, gap, uneven, atoms }) => {
    if (!wanted.includes(name) || !range || type === "date") return [];
    const at = names.indexOf(name);
    const lowest = range.least;
    const grid = type !== "integer" ? undefined : gap && !uneven ? gap : 1;
    const middle = grid === undefined ? atoms?.[0] : undefined;
    const own = series.map((rows) => unitIn(rows, at, grid));
    const usual = usualStep(own);
    const units = own.map(([mean, step]): Unit => [middle ?? mean, step || usual]);
    const values = series.flatMap((rows, k) => {
      const [from, step] = units[k] as Unit;
      return numbersIn(rows, at).map((value) => (value - from) / step);
    });
    const { mean, std } = meanAndSpread(values);
    const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    return [
      {
        name,
        ...(middle !== undefined && { middle }),
        ...(grid !== undefined && { grid }),
        ...(lowest >= 0 && { signless: true as const }),
        range: { least, most, mean, std },
        units,
      },
    ];
  });
  return {
    columns: [...keys],
    measured: measured.map(({ units: _, ...each }) => each),
    known: series.map(([first], k) => ({
      keys: [...(first?.keys ?? [])],
      units: measured.map(({ units }) => units[k] as Unit),
    })),
  };
}

/** Rows whose measured cells are steps from the middle of their series. */
export function inUnits<R extends Rows[number]>(
  { series }: TableOrder,
  names: readonly string[],
  units: readonly Unit[],
): (row: R) => R {
  if (!series) return (row) => row;
  const places = series.measured.map(({ name }) => names.indexOf(name));
  return (row) => {
    const cells = [...row.cells];
    for (const [k, at] of places.entries()) {
      const [middle, step] = units[k] as Unit;
      if (reader.read(cells[at] ?? null) === "number") cells[at] = (reader.value - middle) / step;
    }
    return { ...row, cells };
  };
}

/** What the distance of two neighbours among the whole numbers of a column is called, in the units of a series. */
export const gridName = (column: string): string => `${column} grid`;
/** What the place of zero is called there, of a column without values below it. */
export const zeroName = (column: string): string => `${column} zero`;

/** What rows say of the units of their series: where zero lies, and how far apart whole numbers are. */
export const unitColumns = (
  { series }: Pick<TableOrder, "series">,
  units: readonly Unit[] = [],
): [name: string, value: number][] =>
  (series?.measured ?? []).flatMap(({ name, grid, signless }, k): [string, number][] => {
    const [middle, step] = units[k] ?? [0, 1];
    return [
      ...(grid === undefined ? [] : [[gridName(name), grid / step] as [string, number]]),
      ...(signless ? [[zeroName(name), -middle / step] as [string, number]] : []),
    ];
  });

/** What a number of such a column stands for. */
export function fromUnits(
  { series }: TableOrder,
  { units }: TableSeries,
  column: string,
): (value: number) => number {
  const place = series?.measured.findIndex(({ name }) => name === column) ?? -1;
  const [middle, step] = units[place] ?? [0, 1];
  const { grid, signless } = series?.measured[place] ?? {};
  return (value) => {
    const plain = middle + step * value;
    const natural = grid === undefined ? plain : onGrid(plain, middle, grid);
    return signless ? Math.max(natural, 0) : natural;
  };
}
