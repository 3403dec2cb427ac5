import type { Cell } from "../data/table/cell.js";
import { timeFormat } from "../data/table/column-formats.js";
import { gridOf, nextOnGrid } from "../data/table/grid.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { likeliest } from "../statistics.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { columnNamed, type Prediction, zeroOf } from "./columns.js";
import { conformalLimit, intervalOf } from "./conformal.js";
import type { Predicted } from "./predicted.js";
import type { Predictive } from "./predictive.js";

export type CellOptions = Readonly<{
  quantiles: readonly number[];
  /** The probability that conformal intervals and sets hold the value; none are written without. */
  interval?: number;
}>;

/** What is written of a column that is predicted. */
export type PredictedColumn = Readonly<{
  columns: readonly WrittenColumn[];
  /** The cells of one row, whose encoded number is NaN where the file lacks it. */
  cells(predicted: Predicted, value: number, logProb: number): Cell[];
}>;

export const DIGITS = 7;

/**
 * @param heldOut how far out each held-out value lay
 * @param known the file has the column: log p and rank of its values are written as well
 */
export function predictedColumn(
  { schema }: Prediction,
  name: string,
  heldOut: readonly number[],
  known: boolean,
  { quantiles, interval }: CellOptions,
): PredictedColumn {
  const found = columnNamed(schema, name);
  const column = ownColumns(tableColumns(schema)).find((each) => each.name === name);
  const limit = conformalLimit(heldOut, interval ?? 1);
  const within = <T>(cells: readonly T[]): readonly T[] => (interval === undefined ? [] : cells);
  const percent = `${100 * (interval ?? 1)} %`;
  const number = (field: string): WrittenColumn => ({
    name: `${name} ${field}`,
    type: "number",
    nullable: true,
    digits: DIGITS,
  });
  const text = (field: string): WrittenColumn => ({ name: `${name} ${field}`, type: "text" });
  const log = known ? [number("log p")] : [];
  const logCell = (logProb: number): Cell[] => (known ? [Number.isNaN(logProb) ? null : logProb] : []);
  if (!found.range) {
    const labels = Array.from({ length: Math.max(found.values?.length ?? 0, 2) }, (_, code) =>
      String(column?.kind.show(found, code) ?? code),
    );
    return {
      columns: [
        text("most probable"),
        ...labels.map((label) => number(`= ${label}`)),
        ...within([text(`in ${percent}`)]),
        ...log,
      ],
      cells(predicted, _, logProb) {
        const own = predicted as Float64Array;
        const first = likeliest(own);
        // the first one always: no name at all would say that none is possible
        const set = labels.filter((__, k) => k === first || 1 - (own[k] ?? 0) <= limit);
        return [labels[first] ?? "", ...own, ...within([set.join("|")]), ...logCell(logProb)];
      },
    };
  }
  const { origin = 0 } = found;
  const grid = gridOf(found);
  const isDate = found.type === "date";
  const format = timeFormat(found);
  // a table in units of its series comes in its own numbers
  const least = schema.order ? Number.NEGATIVE_INFINITY : (zeroOf(found) ?? Number.NEGATIVE_INFINITY);
  /** As a table holds it: a date as text, and a value of a grid without rounding errors of 32-bit numbers. */
  const cell = (encoded: number): Cell => {
    if (!Number.isFinite(encoded)) return null;
    if (isDate) return column?.kind.show(found, encoded) ?? null;
    const value = Math.max(encoded, least) + origin;
    return grid ? nextOnGrid(grid, value) : value;
  };
  const value = (field: string): WrittenColumn => ({
    name: `${name} ${field}`,
    type: isDate ? "date" : "number",
    nullable: true,
    ...(!isDate && { digits: DIGITS }),
    format,
  });
  return {
    columns: [
      ...(isDate ? [] : [value("mean")]),
      value("median"),
      ...quantiles.map((p) => value(`q${p}`)),
      ...within([value(`${percent} from`), value(`${percent} to`)]),
      ...log,
      ...(known ? [number("rank")] : []),
    ],
    cells(predicted, known_, logProb) {
      const own = predicted as Predictive;
      const [low, high] = intervalOf(own, limit);
      return [
        ...(isDate ? [] : [format ? cell(own.mean) : own.mean + origin]),
        cell(own.quantile(0.5)),
        ...quantiles.map((p) => cell(own.quantile(p))),
        ...within([cell(low), cell(high)]),
        ...logCell(logProb),
        ...(known ? [Number.isNaN(known_) ? null : own.rank(known_)] : []),
      ];
    },
  };
}
