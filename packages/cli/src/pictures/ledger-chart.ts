import type { LedgerEntry } from "@flowify/core/internal";
import { bits, type Unit } from "../unit.js";
import { drawChart } from "./chart.js";
import { type LedgerRow, readable, rowsOf, signed, totalOf } from "./ledger-rows.js";
import { colorBySeries, namesOf } from "./series.js";
import { BOUND, EXACT, type Theme } from "./theme.js";

const [WIDTH, ROW] = [480, 26];
const KINDS = [
  { name: "exact", color: EXACT },
  { name: "bound", color: BOUND },
];

/** A number with a sign as wide as a plus. */
const minus = (text: string): string => text.replace("-", "−");

/** Pixels between the names of the layers and the bars, for the figures. */
const FIGURES = 76;

/**
 * Draws the ledger as horizontal bars from a zero line, one row a layer: to the right what costs bits, to
 * the left what saves them; blue where the entry is exact, orange where it is a bound.
 *
 * @returns SVG
 */
export const ledgerChart = (
  ledger: readonly LedgerEntry[],
  title: string,
  unit: Unit = bits,
): Promise<string> => ledgerRowsChart(rowsOf(ledger, unit), { title, unit });

/** The same for figures that are in their unit already. On a page the title is only said by screen readers: a heading stands above. */
export function ledgerRowsChart(
  whole: readonly LedgerRow[],
  { title, unit, theme = "paper" }: { title: string; unit: Unit; theme?: Theme },
): Promise<string> {
  const ledger = readable(whole);
  const total = `total ${minus(totalOf(ledger).toFixed(3))} ${unit.name}`;
  const values = ledger.map(({ value, likelihood }, row) => ({
    row: String(row),
    value: Number.isFinite(value) ? value : null,
    figure: Number.isFinite(value) ? minus(signed(value)) : String(value),
    series: likelihood === "exact" ? "0" : "1",
  }));
  const y = {
    field: "row",
    type: "ordinal",
    title: null,
    sort: null,
    axis: {
      domain: false,
      ticks: false,
      offset: FIGURES,
      labelPadding: 4,
      labelExpr: "layerNames[datum.value]",
    },
  } as const;
  const color = colorBySeries(KINDS, { symbol: "square", width: WIDTH });
  const texts = { ...namesOf(KINDS), layerNames: ledger.map(({ layer }) => layer) };
  return drawChart(
    {
      width: WIDTH,
      height: { step: ROW },
      data: { values },
      encoding: { y },
      layer: [
        { mark: { type: "rule", strokeWidth: 1.5 }, encoding: { x: { datum: 0 }, y: {} } },
        {
          // the outline keeps an entry near zero in sight
          mark: { type: "bar", height: { band: 0.6 }, strokeWidth: 1 },
          encoding: {
            x: {
              field: "value",
              type: "quantitative",
              title: `${unit.name}: right costs, left saves`,
              axis: { tickCount: 7 },
            },
            color,
            stroke: { ...color, legend: null },
          },
        },
        {
          mark: { type: "text", align: "right" },
          encoding: { x: { value: -10 }, text: { field: "figure" } },
        },
      ],
    },
    { title, subtitle: total, theme, texts },
  );
}
