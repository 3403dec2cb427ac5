import { valueAt } from "../places.js";
import { quantile } from "../statistics.js";
import { drawChart } from "./chart.js";
import { verbatim } from "./escape.js";
import { type Scale, scaleFor } from "./scale.js";
import { colorBySeries, namesOf, numbers } from "./series.js";
import { STEPS, type Theme, TRAINING } from "./theme.js";

export type Group = Readonly<{ name: string; values: ArrayLike<number>; color?: string }>;

export type HistogramOptions = Readonly<{
  /** Default `"paper"`. */
  theme?: Theme;
  /** The axis reaches to the largest value of all groups, however rare. Default false. */
  upperTail?: boolean;
  /** The values are ranks, 0 to 1, all of them equally likely: so is the axis, and few values have few bins. Default false. */
  ranks?: boolean;
  /** A value that is marked, and what is written beside it. */
  mark?: Readonly<{ value: number; text: string }> | undefined;
}>;

const [WIDTH, HEIGHT] = [840, 320];
/** Bins, and values of the smallest group that each has on average at least, as far as the fewest bins allow. */
const BINS = { fewest: 24, most: 120, values: 8 } as const;
const RANK_BINS = { ...BINS, fewest: 4, most: 20 } as const;
/** Values of a group beyond these of its quantiles do not widen the axis: they are counted at its ends. */
const SHOWN = 0.995;

/** How much higher than the first group another is drawn. */
const HIGHER_AT_MOST = 3;
/** What stays free above the highest group. */
const HEADROOM = 1.04;
/** What the shape of the first group is judged by: the middle 90 % of it. */
const MIDDLE = 0.95;

/** As many bins as the smallest group fills: with few values each would have a tooth of its own. */
function binsFor(
  groups: readonly Group[],
  { fewest, most, values: each }: Record<keyof typeof BINS, number>,
): number {
  const least = Math.min(...groups.map(({ values }) => values.length).filter((count) => count > 0));
  return Math.min(most, Math.max(fewest, Math.round(least / each)));
}

/** The values that part of a group lies between, its few most distant ones left out. */
function between({ values }: Group, part: number, upper: number = part): [low: number, high: number] {
  const sorted = Float64Array.from(values).sort();
  return [quantile(sorted, 1 - part), quantile(sorted, upper)];
}

/** An axis for all groups and marks, on which the first group has a shape however far off the others lie. */
function scaleOf(groups: readonly Group[], marks: readonly number[], upper: number): Scale {
  const filled = groups.filter(({ values }) => values.length > 0);
  if (filled.length === 0) return scaleFor(0, 1, 0, 1);
  const ends = [...filled.flatMap((group) => between(group, SHOWN, upper)), ...marks];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const [first, last] = between(valueAt(filled, 0), MIDDLE);
  if (low === high) return scaleFor(low - 0.5, high + 0.5, low - 0.5, high + 0.5);
  // a little room beside the outermost values, of the size that the axis has there
  const pad = 0.02 * (high - low);
  const near = 0.1 * Math.max(last - first, pad / 20);
  return scaleFor(
    low - Math.min(pad, near + 0.02 * (first - low)),
    high + Math.min(pad, near + 0.02 * (high - last)),
    first,
    last,
  );
}

/** The part of the values in each bin; what lies outside is counted in the first and in the last. */
function parts(values: ArrayLike<number>, scale: Scale, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  for (const value of Array.from(values)) {
    const bin = Math.floor(scale.place(value) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]! += 1 / values.length;
  }
  return counts;
}

/**
 * Draws how the values of groups are spread along one axis: a step line a group, its height the part of the group's
 * values that lies there. Values that are not finite are left out, and counted in the group's name.
 *
 * @returns SVG
 */
export function histogram(
  title: string,
  axis: string,
  all: readonly Group[],
  { theme = "paper", mark, upperTail = false, ranks = false }: HistogramOptions = {},
): Promise<string> {
  const groups = all.map(finiteOf);
  const scale = ranks
    ? scaleFor(0, 1, 0, 1)
    : scaleOf(groups, mark ? [mark.value] : [], upperTail ? 1 : SHOWN);
  const bins = binsFor(groups, ranks ? RANK_BINS : BINS);
  const heights = groups.map(({ values }) => parts(values, scale, bins));
  const peaks = heights.map((each) => Math.max(...each));
  // a group that lies in a bin or two would press all others flat: it is cut off, with its part written beside it
  const highest = Math.min(HEADROOM * Math.max(...peaks), HIGHER_AT_MOST * (peaks[0] || 1)) || 1;
  const ticks = scale.ticks(8);
  const places = ticks.values.map((value) => scale.place(value));
  const tickLabels = Object.fromEntries(
    places.map((place, i) => [place, ticks.label(valueAt(ticks.values, i))]),
  );
  const isBeyond = groups.some(({ values }) =>
    Array.from(values).some((value) => Math.abs(scale.place(value) - 0.5) > 0.5),
  );
  const beyond = isBeyond ? ", outermost bars count all beyond" : "";
  const x = numbers("place", `${axis}${scale.remark}${beyond}`, [0, 1], {
    grid: false,
    values: places,
    labelExpr: "tickLabels[datum.value]",
    labelOverlap: true,
  });
  const shares = numbers("part", "share of the values", [0, highest], { format: ".2~%", tickCount: 5 });
  const y = { ...shares, stack: null };
  const labelled = heights
    .flatMap((each, i) => cuts(each, highest, i))
    .map((cut, line) => ({ ...cut, part: highest * (1 - 0.06 * line) }));
  const color = colorBySeries(groups, { symbol: "square", width: WIDTH });
  return drawChart(
    {
      width: WIDTH,
      height: HEIGHT,
      encoding: { x, y, color },
      layer: [
        {
          data: { values: heights.flatMap((each, i) => outline(each, i, highest)) },
          mark: STEPS,
        },
        {
          data: { values: labelled },
          mark: {
            type: "text",
            align: { expr: "datum.place < 0.1 ? 'left' : 'right'" },
            dx: { expr: "datum.place < 0.1 ? 12 : -5" },
            baseline: "top",
            fontWeight: 600,
          },
          encoding: { text: { field: "share" } },
        },
        ...(mark ? markLayers({ place: scale.place(mark.value), text: verbatim(mark.text) }) : []),
      ],
    },
    { title, theme, texts: { ...namesOf(groups), tickLabels } },
  );
}

/** A line over the whole height, with its text on the side that has more room. */
const markLayers = (at: Readonly<{ place: number; text: string }>) => {
  const data = { values: [at] };
  const x = { field: "place", type: "quantitative" as const };
  const isLeft = at.place < 0.5;
  return [
    {
      data,
      mark: { type: "rule" as const, strokeDash: [5, 4], strokeWidth: 1.5 },
      encoding: { x, y: { value: 0 }, y2: { value: HEIGHT }, color: { value: TRAINING } },
    },
    {
      data,
      mark: {
        type: "text" as const,
        align: isLeft ? ("left" as const) : ("right" as const),
        dx: isLeft ? 6 : -6,
        baseline: "top" as const,
      },
      encoding: {
        x,
        y: { value: 4 },
        text: { field: "text", type: "nominal" as const },
        color: { value: TRAINING },
      },
    },
  ];
};

function finiteOf({ name, values, ...others }: Group): Group {
  const finite = Array.from(values).filter(Number.isFinite);
  const lost = values.length - finite.length;
  return { name: lost > 0 ? `${name} (${lost} not finite)` : name, values: finite, ...others };
}

/** The upper edge of the bins, at most at the top of the chart, back to the ground at the end; there is none over empty stretches. */
function outline(bins: Float64Array, series: number, highest: number) {
  const heights = [...bins, 0];
  return heights.map((part, bin) => {
    const empty = part === 0 && !heights[bin - 1] && !heights[bin + 1];
    return { place: bin / bins.length, part: empty ? null : Math.min(part, highest), series: String(series) };
  });
}

/** The share of the group in each run of bins that is cut off at the top. */
function cuts(bins: Float64Array, highest: number, series: number) {
  return Array.from(bins).flatMap((part, bin) => {
    if (part <= highest || (bin > 0 && valueAt(bins, bin - 1) > highest)) return [];
    const end = bins.findIndex((each, at) => at > bin && each <= highest);
    const cut = bins.subarray(bin, end === -1 ? bins.length : end).reduce((sum, each) => sum + each, 0);
    const share = `${Math.round(100 * cut)}%`;
    return [{ place: bin / bins.length, series: String(series), share }];
  });
}
