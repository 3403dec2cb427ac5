import { linesAround } from "flowify/posterior/browser";
import { Canvas, type Draw, writeUpwards } from "../../ui/canvas.js";
import { plain } from "../../ui/figures.js";
import { palette } from "../../ui/palette.js";
import { Head } from "../../ui/sheet.js";
import type { TaskView } from "./config.js";
import { answer, truth, view } from "./state.js";

type Parameter = TaskView["parameters"][number];

const BARS = 50;
/** Cells of a side that regions are found on. */
const CELLS = 120;
/** Pixels between two panels, and around all for the labels. */
const [GAP, EDGE] = [8, 30] as const;

/** The samples of one parameter, as shares of its axis. */
function shares(
  draws: Float32Array,
  k: number,
  size: number,
  { range: [low, high] }: Parameter,
): Float64Array {
  return Float64Array.from(
    { length: draws.length / size },
    (_, i) => (draws[i * size + k]! - low) / (high - low),
  );
}

/** Below the diagonal the densities of two parameters each, on it the histograms of one. */
const draw: Draw = (context, size) => {
  const { sheet, exact, bound, ink, line } = palette.value;
  const { parameters } = view.value;
  const n = parameters.length;
  context.fillStyle = sheet.css;
  context.fillRect(0, 0, size, size);
  context.font = "11px system-ui, sans-serif";
  const side = (size - EDGE - 4 - (n - 1) * GAP) / n;
  const place = (i: number): number => i * (side + GAP);
  const draws = answer.value?.draws;
  const all = draws && parameters.map((each, k) => shares(draws, k, n, each));
  const real =
    truth.value && parameters.map((each, k) => shares(Float32Array.from(truth.value!), k, n, each)[0]!);
  parameters.forEach(({ name, range }, row) => {
    for (let column = 0; column <= row; column++) {
      context.save();
      context.translate(EDGE + place(column), 4 + place(row));
      context.strokeStyle = line.css;
      context.strokeRect(0, 0, side, side);
      context.beginPath();
      context.rect(0, 0, side, side);
      context.clip();
      context.fillStyle = context.strokeStyle = exact.css;
      if (all && row === column) drawBars(context, all[row]!, side);
      else if (all) drawDensity(context, all[column]!, all[row]!, side);
      context.strokeStyle = bound.css;
      context.lineWidth = 2;
      if (real) {
        const [x, y] = [real[column]! * side, (1 - real[row]!) * side];
        context.beginPath();
        context.moveTo(x, row === column ? 0 : y - 8);
        context.lineTo(x, row === column ? side : y + 8);
        if (row !== column) {
          context.moveTo(x - 8, y);
          context.lineTo(x + 8, y);
        }
        context.stroke();
      }
      context.restore();
    }
    context.fillStyle = ink.css;
    const [from, to] = [EDGE + place(row), 4 + place(row)];
    const [low, high] = range.map((end) => plain(end));
    context.textAlign = "center";
    context.fillText(name, from + side / 2, size - 8);
    context.textAlign = "left";
    context.fillText(low!, from, size - 8);
    context.textAlign = "right";
    context.fillText(high!, from + side, size - 8);
    if (row === 0) return;
    context.fillText(high!, EDGE - 4, to + 10);
    context.fillText(low!, EDGE - 4, to + side);
    writeUpwards(context, name, EDGE - 8, to + side / 2);
  });
};

function drawBars(context: CanvasRenderingContext2D, values: Float64Array, side: number): void {
  const counts = new Array<number>(BARS).fill(0);
  for (const value of values) if (value >= 0 && value < 1) counts[Math.floor(value * BARS)]!++;
  const unit = (0.9 * side) / Math.max(...counts, 1);
  context.globalAlpha = 0.7;
  counts.forEach((count, i) => {
    context.fillRect((i * side) / BARS, side - unit * count, side / BARS, unit * count);
  });
  context.globalAlpha = 1;
}

/** Regions that hold 95, 80 and 50 % of the samples, and the samples. */
function drawDensity(
  context: CanvasRenderingContext2D,
  x: Float64Array,
  y: Float64Array,
  side: number,
): void {
  const points = Array.from(x, (value, i) => [value, y[i]!] as const);
  for (const { lines } of linesAround(points, [0, 1], [0, 1], CELLS)) {
    context.beginPath();
    for (const line of lines) {
      for (let i = 0; i < line.length; i += 2) {
        const at = [line[i]! * side, (1 - line[i + 1]!) * side] as const;
        if (i === 0) context.moveTo(...at);
        else context.lineTo(...at);
      }
      context.closePath();
    }
    context.globalAlpha = 0.2;
    context.fill("evenodd");
    context.globalAlpha = 0.7;
    context.stroke();
  }
  context.globalAlpha = 0.35;
  for (let i = 0; i < 600; i++) context.fillRect(x[i]! * side - 0.5, (1 - y[i]!) * side - 0.5, 1, 1);
  context.globalAlpha = 1;
}

/** The posterior of the present observation: a picture, and the same in numbers. */
export function Pairs() {
  const { parameters } = view.value;
  const draws = answer.value?.draws;
  return (
    <>
      <Canvas
        label={`Samples of the posterior: ${parameters.map(({ name }) => name).join(", ")}, one by one and in pairs`}
        aspect={1}
        draw={draw}
      />
      <table>
        <Head of={["parameter", "median", "90 % lie within", ...(truth.value ? ["true"] : [])]} />
        <tbody class="number">
          {parameters.map(({ name }, k) => {
            const own = draws?.filter((_, i) => i % parameters.length === k).toSorted();
            const at = (share: number): string =>
              own ? plain(own[Math.floor(share * own.length)]!, 3) : "–";
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <output id={`posterior-median-${k}`}>{at(0.5)}</output>
                </td>
                <td>
                  {at(0.05)} to {at(0.95)}
                </td>
                {truth.value && <td>{plain(truth.value[k]!, 3)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
