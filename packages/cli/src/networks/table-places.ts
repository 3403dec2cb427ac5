import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { tableColumns } from "../tables/columns/kinds.js";
import { flowRange } from "../tables/columns/number.js";

/**
 * A number of a row of a flow: the step between its values, 0 where it has any, the least one, and how many there are. Codes, and
 * numbers of few values, have probabilities.
 */
export type Place = Readonly<{
  gap: number;
  origin: number;
  size: number;
  values?: "codes" | "numbers";
  /** Which steps from the least value on there are, where few are. */
  steps?: readonly number[];
  /** A pattern that begins again after `period` steps from `origin` on, and how often it is there. */
  cycle?: Readonly<{ period: number; step: number; origin: number; count: number }>;
  /** A number has more within a step than noise. */
  isSpread?: boolean;
  /** How many codes have their own probability, at most. */
  own?: number;
  /** The share of rows in which noise stands in its place, where the next number says so. */
  noise?: number;
}>;

export const ANY: Place = { gap: 0, origin: 0, size: Number.POSITIVE_INFINITY };

/** Codes with their own probability: so many, or one for so many rows. Rarer ones are better off together. */
const OWN = { least: 32, rows: 32 } as const;

/** The last code is that of values that training did not have. */
const codes = (count: number, rows: number): Place => ({
  gap: 1,
  origin: 0,
  size: count + 1,
  values: "codes",
  own: Math.max(OWN.least, Math.floor(rows / OWN.rows)),
});

/** Numbers of so few values count as values, where none is missing: what stands in its place has a density. */
const FEW = 8;

/** The share of rows of a table whose cell is missing, or a value that has a probability, or that of another column. */
const noiseShare = ({ missing, spikes = [], atoms = [], equals }: ColumnSchema, rows: number): number =>
  missing / rows +
  (equals?.share ?? 0) +
  spikes.reduce((sum, { value, share }) => sum + (atoms.includes(Number(value)) ? share : 0), 0);

/** Days of a mean month, the months of a year, and the days from which on seasons come again. */
const SEASON = { month: 365.25 / 12, months: 12, days: 730 } as const;

/** The cycle of a column on a grid that was found, such as a week, or the months of dates of several years that do not repeat much. */
function cycleOf(column: ColumnSchema, rows: number): Pick<Place, "cycle"> {
  const { type, range, gap = 0, origin = 0, cycle, uneven, distinct } = column;
  if (!range) return {};
  const reach = range.most - range.least;
  const of = (period: number, step: number): Pick<Place, "cycle"> => ({
    cycle: { period, step, origin: range.least - origin, count: Math.ceil((reach / step + 1) / period) },
  });
  if (cycle !== undefined && gap > 0 && !uneven) return of(cycle, gap);
  const isSpread = 2 * distinct >= Math.min(rows, reach);
  return type === "date" && reach >= SEASON.days && isSpread ? of(SEASON.months, SEASON.month) : {};
}

/** The numbers that the columns of a table are in a row of a flow. */
export function placesOf(schema: TableSchema): Place[] {
  const { rows } = schema;
  return tableColumns(schema).flatMap(({ found, codes: others }): Place[] => {
    const { gap = 0, uneven, levels, values = [] } = found;
    if (found.range === undefined) return [codes(values.length, rows)];
    const { least, most } = flowRange(found);
    const size = uneven || gap === 0 ? Number.POSITIVE_INFINITY : Math.round((most - least) / gap) + 1;
    const grid = {
      ...(size === Number.POSITIVE_INFINITY ? ANY : { gap, origin: least, size }),
      ...(!found.equals?.above && cycleOf(found, rows)),
    };
    if (others > 0) return [{ ...grid, noise: noiseShare(found, rows) }, codes(others, rows)];
    const steps = levels?.map((level) => Math.round((level - found.range!.least) / gap));
    return [
      { ...grid, ...((size <= FEW || steps) && { values: "numbers" as const, ...(steps && { steps }) }) },
    ];
  });
}

/** Steps beyond the least and the most of few numbers, in sizes of the column, up to which another one may lie. */
const BEYOND = 100;

/**
 * Edges between values. Codes are ranks by frequency: the first ones have a box each, then boxes double, and the last one is alone. Numbers
 * have a box each, and there is one on each side, and between those that are few, for those that training did not have.
 */
export function edgesOf({ gap, origin, size, steps, values, own = 0 }: Place, apart: number): number[] {
  const at = (k: number): number => origin + gap * (k - 0.5);
  if (values === "numbers") {
    const ends = steps?.flatMap((k) => [k, k + 1]) ?? Array.from({ length: size + 1 }, (_, k) => k);
    return [...new Set([-BEYOND * size, ...ends, size + BEYOND * size])].map(at);
  }
  const edges = [0];
  for (let to = 0; to < size - 1; ) {
    to = Math.min(size - 1, to < Math.min(own, apart) ? to + 1 : 2 * to);
    edges.push(to);
  }
  return [...edges, size].map(at);
}
