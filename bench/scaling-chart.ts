import type { Sweep } from "./scaling.js";

const [WIDTH, HEIGHT] = [360, 270];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 14, 40, 44];
const COLUMNS = 2;
const STEP = "#2a6fb0";
const FLOOR = "#c2620f";

const at = (value: number): string => value.toFixed(1);

/** Sweeps side by side, both axes logarithmic: the time of a step in g, and the counted floor. */
export function scalingChart(sweeps: readonly Sweep[]): string {
  const rows = Math.ceil(sweeps.length / COLUMNS);
  const [width, height] = [COLUMNS * WIDTH, rows * HEIGHT];
  const panels = sweeps.map(
    (sweep, i) =>
      `<g transform="translate(${(i % COLUMNS) * WIDTH} ${Math.floor(i / COLUMNS) * HEIGHT})">${panel(sweep)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#333" role="img" aria-label="Time of a training step against size">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function panel({ name, what, points }: Sweep): string {
  const sizes = points.map(({ size }) => size);
  const values = points.flatMap(({ stepPerG, floorPerG }) => [stepPerG, floorPerG]).filter((v) => v > 0);
  const x = logarithmic(Math.min(...sizes), Math.max(...sizes), LEFT, WIDTH - RIGHT);
  const decades = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const [low, high] = decades.map((decade) => 10 ** decade) as [number, number];
  const y = logarithmic(low, high, HEIGHT - BOTTOM, TOP);
  const ticks: string[] = [];
  for (let value = low; value <= high * 1.001; value *= 10)
    ticks.push(
      `<path d="M${LEFT} ${at(y(value))}H${WIDTH - RIGHT}" stroke="#e2e5e8"/><text x="${LEFT - 6}" y="${at(y(value) + 4)}" text-anchor="end">${Number(value.toPrecision(1))}</text>`,
    );
  const marks = sizes.map(
    (size, i) =>
      `${sizes.length > 8 && i % 2 ? "" : `<text x="${at(x(size))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${size}</text>`}`,
  );
  const line = (of: (point: Sweep["points"][number]) => number, color: string, dashes: string): string => {
    const shown = points.filter((point) => of(point) > 0);
    const path = shown.map((point, i) => `${i ? "L" : "M"}${at(x(point.size))} ${at(y(of(point)))}`).join("");
    const dots = shown.map(
      (point) => `<circle cx="${at(x(point.size))}" cy="${at(y(of(point)))}" r="2.6" fill="${color}"/>`,
    );
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.8" ${dashes}/>${dots.join("")}`;
  };
  return [
    `<text x="${LEFT}" y="16" font-weight="600">${name}</text>`,
    `<text x="${LEFT}" y="30" fill="#666">step in g: <tspan fill="${STEP}">measured</tspan>, <tspan fill="${FLOOR}">counted floor</tspan></text>`,
    ...ticks,
    ...marks,
    line(({ floorPerG }) => floorPerG, FLOOR, 'stroke-dasharray="5 3"'),
    line(({ stepPerG }) => stepPerG, STEP, ""),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle" fill="#666">${what}</text>`,
  ].join("");
}

/** A logarithmic axis from [low, high] onto [from, to]; the middle where there is one size only. */
function logarithmic(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = Math.log(high / low);
  return (value) => (span > 0 ? from + (Math.log(value / low) / span) * (to - from) : (from + to) / 2);
}
