import { drawChart } from "./chart.js";
import { verbatim } from "./escape.js";
import { numbers } from "./series.js";
import { EXACT, TRAINING } from "./theme.js";

/** Ranks of one parameter: counts in equal bins, and the range that nearly all of uniform counts lie in. */
type RankPanel = Readonly<{
  name: string;
  counts: readonly number[];
  band: readonly [low: number, high: number];
}>;

export type RankOptions = Readonly<{
  title: string;
  subtitle?: string;
  panels: readonly RankPanel[];
}>;

const [WIDTH, HEIGHT] = [200, 130];
/** Panels beside each other. */
const ACROSS = 4;
/** What stays free above the highest bar. */
const HEADROOM = 1.05;

/**
 * Draws histograms of ranks, a panel a parameter: level where a distribution is right, within a band of chance.
 *
 * @returns SVG
 */
export function rankChart({ title, subtitle, panels }: RankOptions): Promise<string> {
  const views = panels.map(({ name, counts, band: [low, high] }) => {
    const highest = HEADROOM * Math.max(high, ...counts);
    const x = numbers("from", "rank", [0, counts.length], { labels: false, ticks: false, grid: false });
    const y = numbers("count", "simulations", [0, highest], { tickCount: 4, grid: false });
    return {
      title: {
        text: verbatim(name),
        fontSize: 13,
        anchor: "middle" as const,
        frame: "group" as const,
        offset: 4,
      },
      width: WIDTH,
      height: HEIGHT,
      layer: [
        {
          data: { values: [{ from: 0, to: counts.length, count: low, high }] },
          mark: { type: "rect" as const, color: TRAINING, opacity: 1, fillOpacity: 0.3 },
          encoding: { x, x2: { field: "to" }, y, y2: { field: "high" } },
        },
        {
          data: { values: counts.map((count, i) => ({ from: i + 0.06, to: i + 0.94, count, ground: 0 })) },
          mark: { type: "rect" as const, color: EXACT, opacity: 1, fillOpacity: 0.6 },
          encoding: { x, x2: { field: "to" }, y, y2: { field: "ground" } },
        },
        {
          data: { values: [{ count: low }, { count: high }] },
          mark: { type: "rule" as const, color: TRAINING, strokeWidth: 1 },
          encoding: { y },
        },
      ],
    };
  });
  return drawChart(
    { concat: views, columns: ACROSS },
    { title, ...(subtitle !== undefined && { subtitle }) },
  );
}
