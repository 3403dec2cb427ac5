import type { Config } from "vega-lite";
import { valueAt } from "../places.js";
import { FONT } from "./render.js";

/** Where a chart is shown: on white, as files are, or on a page, with the page's colours for light and dark. */
export type Theme = "paper" | "page";

/**
 * Colours that people tell apart who see fewer of them, each with a contrast of at least 3 to white and to
 * nearly black. Source: Okabe and Ito, Color Universal Design, 2008, its four darker colours; then a brown and a grey.
 */
export const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d3b", "#7a828a"] as const;
export const seriesColor = (index: number): string => valueAt(SERIES, index % SERIES.length);
export const EXACT = SERIES[0];
export const BOUND = SERIES[1];
/** Behind the figures that were measured on other data. */
export const TRAINING = "#8a949e";

type Colors = Readonly<{ ink: string; muted: string; grid: string }>;

const colorsOf: Readonly<Record<Theme, Colors>> = {
  paper: { ink: "#1c2126", muted: "#5c6670", grid: "#dfe3e7" },
  page: { ink: "var(--ink)", muted: "var(--soft)", grid: "var(--line)" },
};

/** The fonts of a chart, and how much wider their texts may be than those of the bundled one: a page is read with any font. */
export const fonts: Readonly<Record<Theme, { family: string; slack: number }>> = {
  paper: { family: `${FONT}, system-ui, sans-serif`, slack: 1 },
  page: { family: "system-ui, sans-serif", slack: 1.15 },
};

/** The look that all charts share. */
export function themeConfig(theme: Theme): Config {
  const { ink, muted, grid } = colorsOf[theme];
  return {
    aria: false,
    background: theme === "paper" ? "#fff" : "transparent",
    padding: theme === "paper" ? 16 : 4,
    font: fonts[theme].family,
    view: { stroke: null },
    title: {
      color: ink,
      fontSize: theme === "paper" ? 16 : 13,
      fontWeight: 600,
      anchor: "start",
      frame: "bounds",
      limit: 1600,
      offset: 12,
      subtitleColor: muted,
      subtitleFontSize: 13,
      subtitlePadding: 6,
    },
    axis: {
      labelColor: muted,
      labelFontSize: 12,
      labelFlush: false,
      labelLimit: 320,
      titleColor: muted,
      titleFontSize: 13,
      titleFontWeight: 400,
      titlePadding: 8,
      titleLimit: 600,
      gridColor: grid,
      domainColor: muted,
      tickColor: muted,
    },
    legend: {
      orient: "top",
      direction: "horizontal",
      title: null,
      titleColor: muted,
      titleFontSize: 13,
      titleFontWeight: 400,
      labelColor: muted,
      labelFontSize: 13,
      labelLimit: 320,
      offset: 10,
      columnPadding: 20,
    },
    text: { color: muted, fontSize: 12 },
    rule: { color: muted },
  };
}

/** How shares of bins are drawn, from each edge to the next. */
export const STEPS = {
  type: "area",
  interpolate: "step-after",
  fillOpacity: 0.12,
  line: { interpolate: "step-after", strokeWidth: 1.6 },
} as const;
