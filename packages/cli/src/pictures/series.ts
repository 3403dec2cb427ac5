import { verbatim } from "./escape.js";
import { seriesColor } from "./theme.js";

/** One of several things that a chart tells apart by colour. */
export type Series = Readonly<{ name: string; color?: string }>;

/** Pixels of a legend for a symbol and the gaps around it, and of a character on average. */
const [ENTRY, CHARACTER, LONGEST] = [44, 7.5, 320];

/** The names of series, for the texts of `drawChart`: the legend of `colorBySeries` reads them there. */
export const namesOf = (series: readonly Series[]) => ({ seriesNames: series.map(({ name }) => name) });

/**
 * Colours by the field `series`, which holds the place of a series in the list: names may repeat.
 *
 * @param width - pixels that the legend may take before it wraps
 */
export function colorBySeries(
  series: readonly Series[],
  { symbol, width }: { symbol: "stroke" | "square" | "circle"; width: number },
) {
  const widths = series.map(({ name }) => Math.min(LONGEST, CHARACTER * name.length) + ENTRY);
  const fits = widths.reduce((sum, each) => sum + each, 0) <= width;
  const columns = fits ? series.length : Math.floor(width / Math.max(...widths));
  return {
    field: "series",
    type: "nominal",
    scale: {
      domain: series.map((_, i) => String(i)),
      range: series.map(({ color }, i) => color ?? seriesColor(i)),
    },
    legend: {
      symbolType: symbol,
      symbolOpacity: 1,
      labelExpr: "seriesNames[datum.value]",
      columns: Math.max(1, columns),
    },
  } as const;
}

/** The ends of an axis. */
export type Ends = readonly [low: number, high: number];

/** True for a value between the ends of an axis: the renderer does not survive marks far outside. */
export const isWithin = (value: number, [low, high]: Ends): boolean => value >= low && value <= high;

/** An axis of numbers between two ends that are shown as they are. */
export const numbers = <A extends object>(field: string, title: string, [low, high]: Ends, axis: A) => ({
  field,
  type: "quantitative" as const,
  title: verbatim(title),
  scale: { domain: [low, high], nice: false, zero: false },
  axis,
});
