import { colorBySeries, drawChart, namesOf } from "flowify/charts";
import type { Sweep } from "./sweep.js";

const [WIDTH, HEIGHT, COLUMNS] = [330, 200, 2];
const STEP = { name: "measured step", of: ({ stepPerG }: Sweep["points"][number]) => stepPerG };
const FLOOR = { name: "counted floor", of: ({ floorPerG }: Sweep["points"][number]) => floorPerG };
const LINES = [STEP, FLOOR];

/** Sweeps side by side, both axes logarithmic: the time of a step in g, and the counted floor. As SVG. */
export function scalingChart(sweeps: readonly Sweep[]): Promise<string> {
  const title = "Time of a training step against size";
  const color = colorBySeries(LINES, { symbol: "stroke", width: WIDTH });
  return drawChart(
    {
      columns: COLUMNS,
      spacing: 36,
      concat: sweeps.map(({ name, what, points }) => ({
        title: { text: name, fontSize: 13, frame: "group" as const },
        width: WIDTH,
        height: HEIGHT,
        data: {
          values: LINES.flatMap(({ of }, series) =>
            points
              .filter((point) => of(point) > 0)
              .map((point) => ({ size: point.size, time: of(point), series: String(series) })),
          ),
        },
        mark: { type: "line" as const, point: { size: 30 } },
        encoding: {
          x: {
            field: "size",
            type: "quantitative" as const,
            title: what,
            scale: { type: "log" as const, base: 2, nice: false },
            axis: { grid: false, values: points.map(({ size }) => size), labelOverlap: true, format: "~r" },
          },
          y: {
            field: "time",
            type: "quantitative" as const,
            title: "g",
            scale: { type: "log" as const },
            axis: { values: decades(points), format: "~r" },
          },
          color,
          strokeDash: {
            field: "series",
            type: "nominal" as const,
            scale: {
              domain: ["0", "1"],
              range: [
                [1, 0],
                [5, 3],
              ],
            },
            legend: null,
          },
        },
      })),
    },
    {
      title,
      subtitle: "in g, the time of one matrix product; both axes logarithmic",
      texts: namesOf(LINES),
    },
  );
}

/** The powers of ten from below the times of a sweep to above them. */
function decades(points: Sweep["points"]): number[] {
  const places = points
    .flatMap((point) => LINES.map(({ of }) => of(point)))
    .filter((time) => time > 0)
    .map(Math.log10);
  const first = Math.floor(Math.min(...places));
  const count = places.length > 0 ? Math.ceil(Math.max(...places)) - first + 1 : 0;
  return Array.from({ length: count }, (_, i) => 10 ** (first + i));
}
