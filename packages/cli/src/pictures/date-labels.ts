import { dateText } from "../data/table/cell.js";

/** Labels of an axis of dates, for `labelExpr` and the texts of a chart: Vega has days since 1970 for numbers. */
export function dateLabels(
  [low, high]: readonly [low: number, high: number],
  count: number,
): { values: number[]; texts: Record<string, string> } {
  const values = Array.from({ length: count }, (_, i) =>
    Math.round(low + ((i + 0.5) / count) * (high - low)),
  );
  return { values, texts: Object.fromEntries(values.map((value) => [value, dateText(value)])) };
}
