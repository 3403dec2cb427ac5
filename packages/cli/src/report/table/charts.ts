import { drawChart } from "../../pictures/chart.js";
import { diagonalChart, PERCENT } from "../../pictures/diagonal-chart.js";
import { histogram } from "../../pictures/histogram.js";
import { pairLayers, pointsWithin } from "../../pictures/pair-plot.js";
import { dateLabels } from "../../pictures/scale.js";
import { colorBySeries, namesOf, numbers } from "../../pictures/series.js";
import { BOUND, STEPS, seriesColor, TRAINING } from "../../pictures/theme.js";
import { lastOf, valueAt } from "../../places.js";
import type { ColumnView } from "./columns.js";
import type { PairView } from "./pairs.js";

export type Named = Readonly<{ name: string; values: ArrayLike<number> }>;

const SMALL = { width: 250, height: 150 } as const;
const SQUARE = 250;
const SQUARE_CHART = { width: SQUARE, height: SQUARE } as const;

/** The first group of rows is what others are compared with. */
export const colorOf = (series: number): string => (series === 0 ? TRAINING : seriesColor(series - 1));
const withColors = <G extends { name: string }>(groups: readonly G[]): (G & { color: string })[] =>
  groups.map((group, i) => ({ ...group, color: colorOf(i) }));

/** How the scores of groups of rows are spread, and the score from which on rows are flagged. */
export const scoreChart = (
  groups: readonly Named[],
  unit: string,
  threshold: number | undefined,
): Promise<string> =>
  histogram("Distribution of scores", unit, withColors(groups), {
    theme: "page",
    upperTail: true,
    mark: threshold === undefined ? undefined : { value: threshold, text: "flagged to the right" },
  });

/** The share of rows whose p-value is at most α, over α: a straight line where p-values keep their promise. */
export function calibrationChart(groups: readonly Named[], band: number): Promise<string> {
  const lines = groups.map(({ name, values: ps }) => {
    const ascending = Float64Array.from(ps).sort();
    const points = PERCENT.map(
      (alpha) => [alpha, ascending.filter((p) => p <= alpha).length / ascending.length] as const,
    );
    return { name, points };
  });
  return diagonalChart({
    title: "Calibration of the p-values",
    x: "p-value at most",
    y: "share of the rows",
    lines,
    steps: true,
    band: () => band,
    theme: "page",
  });
}

/** Training rows, the rows of the highest scores, and lines around shares of the generated rows. */
export function pairChart({ x, y, rows, worst, contours }: PairView): Promise<string> {
  const labels = { x: dateLabels(x.range, 2), y: dateLabels(y.range, 3) };
  const axis = (field: "x" | "y", of: PairView["x"]) =>
    numbers(field, of.name, of.range, {
      tickCount: 4,
      titleLimit: SQUARE,
      ...(of.isDate && { values: labels[field].values, labelExpr: `${field}Labels[datum.value]` }),
    });
  const encoding = { x: axis("x", x), y: axis("y", y) };
  const ends = [x.range, y.range] as const;
  return drawChart(
    {
      ...SQUARE_CHART,
      layer: [
        ...pairLayers(rows, [contours], ends, { ...encoding, color: { value: seriesColor(0) } }),
        {
          data: pointsWithin(worst, ...ends),
          mark: { type: "point", shape: "cross", size: 50, filled: true, opacity: 1, color: BOUND },
          encoding,
        },
      ],
    },
    {
      title: `${x.name} and ${y.name}`,
      theme: "page",
      texts: { xLabels: labels.x.texts, yLabels: labels.y.texts },
    },
  );
}

/** One column in groups of rows: step lines of numbers, bars of categories. */
export function columnChart({ name, bins, groups }: ColumnView): Promise<string> {
  const color = {
    ...colorBySeries(withColors(groups), { symbol: "square", width: SMALL.width }),
    legend: null,
  };
  const share = {
    field: "share",
    type: "quantitative" as const,
    title: null,
    stack: null,
    axis: { format: ".0%", tickCount: 3 },
  };
  const options = { title: name, theme: "page" as const, texts: namesOf(groups) };
  if ("names" in bins) {
    const values = groups.flatMap(({ shares }, series) =>
      shares.map((each, i) => ({ place: String(i), share: each, series: String(series) })),
    );
    return drawChart(
      {
        ...SMALL,
        data: { values },
        mark: { type: "bar" },
        encoding: {
          x: {
            field: "place",
            type: "nominal",
            title: null,
            axis: { labelExpr: "categories[datum.value]", labelAngle: 0, labelLimit: 80, labelOverlap: true },
          },
          xOffset: { field: "series" },
          y: share,
          color,
        },
      },
      { ...options, texts: { ...options.texts, categories: bins.names.map(String) } },
    );
  }
  const { edges, isDate } = bins;
  const ends = [valueAt(edges, 0), lastOf(edges)] as const;
  const labels = dateLabels(ends, 2);
  const values = groups.flatMap(({ shares }, series) =>
    [...shares, lastOf(shares)].map((each, i) => ({
      x: valueAt(edges, i),
      share: each,
      series: String(series),
    })),
  );
  const dates = { values: labels.values, labelExpr: "dates[datum.value]" };
  return drawChart(
    {
      ...SMALL,
      data: { values },
      mark: STEPS,
      encoding: {
        x: { ...numbers("x", name, ends, { grid: false, tickCount: 4, ...(isDate && dates) }), title: null },
        y: share,
        color,
      },
    },
    { ...options, texts: { ...options.texts, dates: labels.texts } },
  );
}
