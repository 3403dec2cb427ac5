import * as v from "valibot";
import { dateText, toSeconds } from "../../data/table/cell.js";
import { gridOf, nextOnGrid } from "../../data/table/grid.js";
import { circleInGraph, putOnCircle } from "./circle.js";
import { type ColumnKind, MISSING } from "./column-kind.js";
import {
  centred,
  centredOf,
  graphOfCentred,
  numberOfCentred,
  widthOfCentred,
  writeCentred,
} from "./number.js";

/** Days of a week, and of a year on average. */
const PERIODS = [7, 365.2425] as const;

const schema = v.strictObject({
  kind: v.literal("date"),
  ...centred,
  /** Where dates lie, for texts. */
  grid: v.exactOptional(
    v.strictObject({
      least: v.pipe(v.number(), v.finite()),
      step: v.pipe(v.number(), v.finite(), v.gtValue(0)),
      digits: v.pipe(v.number(), v.finite()),
    }),
  ),
  /** Weekday and season, each a place on a circle, follow the day: they change with it, and are not blamed apart from it. */
  calendar: v.exactOptional(v.literal(true)),
});
type DateColumn = v.InferOutput<typeof schema>;

/** Dates as days since 1970; with a calendar, the weekday and the season beside them. */
export const date: ColumnKind<DateColumn> = {
  kind: "date",
  schema,
  detect(column) {
    if (!column.range || column.type !== "date") return undefined;
    const { decimals: _, ...grid } = gridOf(column) ?? {};
    return {
      kind: "date",
      ...centredOf(column),
      ...("step" in grid && { grid: grid }),
      ...(column.calendar && { calendar: true as const }),
    };
  },
  width: (column) => widthOfCentred(column) + (column.calendar ? 2 * PERIODS.length : 0),
  expected: "a date such as 2024-03-01",
  encode(column, findings) {
    const { origin, calendar } = column;
    const write = writeCentred("date", column, findings);
    const own = widthOfCentred(column);
    return (cells, out, first, width) => {
      const wrong = write(cells, out, first, width);
      for (let at = first; calendar && at < out.length; at += width) {
        const isMissing = column.indicator && out[at + 1] === 1;
        PERIODS.forEach((period, i) => {
          putOnCircle(isMissing ? Number.NaN : out[at]! + origin, period, out, at + own + 2 * i);
        });
      }
      return wrong;
    };
  },
  graph(g, column, input) {
    const days = graphOfCentred(g, column, input);
    if (!column.calendar) return days;
    const filled = column.indicator
      ? input
      : g.node("Where", [g.node("IsNaN", [input]), g.doubles(column.fill + column.origin), input]);
    return g.node("Concat", [days, ...PERIODS.map((period) => circleInGraph(g, filled, period))], {
      axis: 1,
    });
  },
  isText: false,
  meaning: "days since 1970-01-01 UTC; NaN where the date is missing",
  number: numberOfCentred,
  show(column, numbers) {
    const value = numberOfCentred(column, numbers);
    if (value === undefined) return MISSING;
    return dateText(column.grid ? nextOnGrid(column.grid, value) : toSeconds(value));
  },
};
