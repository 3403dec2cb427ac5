import { drawChart } from "./chart.js";
import { verbatim } from "./escape.js";
import { EXACT, SERIES, type Theme, TRAINING } from "./theme.js";

/** Central parts of a forecast that are drawn as bands. */
const BANDS = [0.95, 0.8, 0.5] as const;

type Line = readonly Readonly<{ time: number; value: number }>[];

/** What was known of a column, what may come, and what came where that is known. */
export type FanPanel = Readonly<{
  name: string;
  past: Line;
  ahead: readonly Readonly<{ time: number; quantile(p: number): number }>[];
  actual?: Line;
}>;

export type FanOptions = Readonly<{
  title: string;
  time: string;
  /** Times are days since 1970-01-01. */
  isDate: boolean;
  /** Times are whole numbers. Default false. */
  isWhole?: boolean;
  panels: readonly FanPanel[];
  /** Default `"paper"`. */
  theme?: Theme;
}>;

/** Pixels of a panel, and of a small one, where there are many: two stand side by side. */
const LARGE = { width: 720, height: 220 } as const;
const SMALL = { width: 330, height: 120 } as const;
const MANY = 4;
const DAY = 86_400_000;

/**
 * Draws forecasts: the past as a line, and what may come as a median in bands that hold 50, 80 and 95 %, a panel each column.
 *
 * @returns SVG
 */
export function fanChart({
  title,
  time,
  isDate,
  isWhole,
  panels,
  theme = "paper",
}: FanOptions): Promise<string> {
  const isSmall = panels.length >= MANY;
  const x = {
    field: "time",
    type: isDate ? ("temporal" as const) : ("quantitative" as const),
    scale: isDate ? { type: "utc" as const } : { zero: false, nice: false },
    title: verbatim(time),
    axis: { grid: false, tickCount: isSmall ? 4 : 8, ...(isWhole && { tickMinStep: 1 }) },
  };
  const at = (days: number): number => (isDate ? days * DAY : days);
  const line = (values: Line) => ({
    values: values
      .filter(({ value }) => Number.isFinite(value))
      .map((each) => ({ ...each, time: at(each.time) })),
  });
  const y = (field: string, name: string) => ({
    field,
    type: "quantitative" as const,
    title: verbatim(name),
    scale: { zero: false },
  });
  const views = panels.map(({ name, past, ahead, actual = [] }) => {
    // the fan begins at the last value that is known
    const { time: last = 0, value = 0 } = past.at(-1) ?? {};
    const start = past.length > 0 ? [{ time: last, quantile: () => value }] : [];
    const fan = [...start, ...ahead];
    const bands = BANDS.map((level) => ({
      data: {
        values: fan.map(({ time: when, quantile }) => ({
          time: at(when),
          low: quantile((1 - level) / 2),
          high: quantile((1 + level) / 2),
        })),
      },
      mark: { type: "area" as const, color: EXACT, opacity: 1, fillOpacity: 0.22 },
      encoding: { x, y: y("low", name), y2: { field: "high" } },
    }));
    const strokes = [
      { values: past, color: TRAINING, strokeWidth: 1.6 },
      {
        values: fan.map(({ time: when, quantile }) => ({ time: when, value: quantile(0.5) })),
        color: EXACT,
        strokeWidth: 2,
      },
      { values: actual, color: SERIES[1], strokeWidth: 1.6 },
    ];
    return {
      ...(isSmall ? SMALL : LARGE),
      layer: [
        ...bands,
        ...strokes.map(({ values, ...stroke }) => ({
          data: line(values),
          mark: { type: "line" as const, ...stroke },
          encoding: { x, y: y("value", name) },
        })),
      ],
    };
  });
  return drawChart({ concat: views, columns: isSmall ? 2 : 1 }, { title, theme });
}
