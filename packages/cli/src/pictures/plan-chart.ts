import { drawChart } from "./chart.js";
import { colorBySeries, namesOf, verbatim } from "./series.js";

/** Examples a second of so many ranks. */
type Speed = Readonly<{ ranks: number; examplesPerSecond: number }>;

export type PlanChartOptions = Readonly<{
  title: string;
  modelled: readonly Speed[];
  measured: readonly Speed[];
}>;

const [WIDTH, HEIGHT] = [640, 340];

/**
 * Speed against ranks, both on logarithmic axes: the model as a line, what was measured as points, in another colour.
 *
 * @returns SVG
 */
export function planChart({ title, modelled, measured }: PlanChartOptions): Promise<string> {
  const series = [{ name: "modelled" }, { name: "measured" }];
  const values = [modelled, measured].flatMap((speeds, i) =>
    speeds.map((speed) => ({ ...speed, series: String(i) })),
  );
  const axis = (field: "ranks" | "examplesPerSecond", name: string, base: number) =>
    ({
      field,
      type: "quantitative",
      title: verbatim(name),
      scale: { type: "log", base, nice: false },
      axis: { tickCount: 8, format: ",d" },
    }) as const;
  const encoding = {
    x: axis("ranks", "ranks", 2),
    y: axis("examplesPerSecond", "examples per second", 10),
    color: colorBySeries(series, { symbol: "circle", width: WIDTH }),
  };
  return drawChart(
    {
      width: WIDTH,
      height: HEIGHT,
      data: { values },
      encoding,
      layer: [
        { transform: [{ filter: "datum.series === '0'" }], mark: { type: "line", strokeWidth: 2 } },
        { mark: { type: "circle", size: 45, opacity: 1 } },
      ],
    },
    { title, texts: namesOf(series) },
  );
}
