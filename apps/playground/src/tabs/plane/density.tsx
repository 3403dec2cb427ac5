import { signal } from "@preact/signals";
import { contours } from "d3-contour";
import { Canvas } from "../../ui/canvas.js";
import { decimals } from "../../ui/figures.js";
import { palette } from "../../ui/palette.js";
import { SHOWN, SHOWN_SIDE } from "./grid.js";
import { integralNote } from "./integral-note.js";
import { description, networkProblem, opened, run, samples } from "./state.js";

/** Contours at these fractions of the highest density. */
const LEVELS = [0.6, 0.3, 0.1, 0.03];

/** The dots that are drawn over it. */
const dots = { data: signal(true), samples: signal(true) };

/** A picture of the density: colours from the sheet to the accent, by the square root of the density. */
function heatMap(density: Float32Array, from: readonly number[], to: readonly number[]): OffscreenCanvas {
  const highest = density.reduce((most, value) => Math.max(most, value), 0) || 1;
  const image = new ImageData(SHOWN_SIDE, SHOWN_SIDE);
  density.forEach((value, i) => {
    const t = 0.85 * Math.sqrt(value / highest);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c]! + t * (to[c]! - from[c]!);
    image.data[4 * i + 3] = 255;
  });
  const canvas = new OffscreenCanvas(SHOWN_SIDE, SHOWN_SIDE);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

function drawDots(
  context: CanvasRenderingContext2D,
  points: Float32Array,
  size: number,
  radius: number,
): void {
  const scale = size / (2 * SHOWN);
  for (let i = 0; i < points.length; i += 2)
    context.fillRect(
      (points[i]! + SHOWN) * scale - radius,
      (SHOWN - points[i + 1]!) * scale - radius,
      2 * radius,
      2 * radius,
    );
}

/** Pixels of a mark, and of the text beside it. */
const MARK = 5;
const TEXT = 11;

/** Labels of the axes: even numbers along the edges. */
function drawAxes(context: CanvasRenderingContext2D, size: number): void {
  const { sheet, ink } = palette.value;
  context.font = `${TEXT}px system-ui, sans-serif`;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = sheet.css;
  context.fillStyle = ink.css;
  const write = (text: string, across: number, down: number, align: CanvasTextAlign): void => {
    context.textAlign = align;
    context.strokeText(text, across, down);
    context.fillText(text, across, down);
  };
  for (const value of [-2, 0, 2]) {
    const at = ((value + SHOWN) / (2 * SHOWN)) * size;
    const text = decimals(value, 0);
    context.fillRect(at - 0.5, size - MARK, 1, MARK);
    write(text, at, size - MARK - 3, "center");
    context.fillRect(0, size - at - 0.5, MARK, 1);
    write(text, MARK + 3, size - at + TEXT / 3, "left");
  }
  context.lineWidth = 1;
}

/** Heat map with contours, the data, and samples. */
function drawDensity(context: CanvasRenderingContext2D, size: number): void {
  const { sheet, exact, bound, muted, ink } = palette.value;
  context.fillStyle = sheet.css;
  context.fillRect(0, 0, size, size);
  const accent = (description.value?.likelihood ?? "exact") !== "exact" ? bound : exact;
  if (run.view.value) {
    const density = run.view.value.logDensity.map(Math.exp);
    context.drawImage(heatMap(density, sheet.rgb, accent.rgb), 0, 0, size, size);
    const highest = density.reduce((most, value) => Math.max(most, value), 0) || 1;
    const cell = size / SHOWN_SIDE;
    const linesAt = contours().size([SHOWN_SIDE, SHOWN_SIDE]);
    context.strokeStyle = accent.css;
    for (const level of LEVELS)
      for (const ring of linesAt.contour(Array.from(density), level * highest).coordinates.flat()) {
        context.beginPath();
        for (const [x = 0, y = 0] of ring) context.lineTo(x * cell, y * cell);
        context.stroke();
      }
  }
  context.globalAlpha = 0.6;
  context.fillStyle = muted.css;
  if (opened.value && dots.data.value) drawDots(context, opened.value.points, size, 1);
  context.globalAlpha = 0.8;
  context.fillStyle = ink.css;
  if (dots.samples.value) drawDots(context, samples.value, size, 0.6);
  context.globalAlpha = 1;
  drawAxes(context, size);
}

/** The colour of some dots, and whether they are shown. */
function Shown({ name }: { name: keyof typeof dots }) {
  return (
    <label>
      <input
        type="checkbox"
        checked={dots[name].value}
        onChange={({ currentTarget }) => {
          dots[name].value = currentTarget.checked;
        }}
      />{" "}
      <i class={`dot ${name}`} /> {name}
    </label>
  );
}

/** The density on the plane, and its integral. */
export function Density() {
  const shown = run.view.value;
  const what = description.value;
  const note = shown && what ? integralNote(shown, what) : "";
  return (
    <figure>
      <Canvas
        id="plane-density"
        label={
          shown
            ? `Density over the plane at step ${shown.step}, the best of ${run.step.value} steps, with ${opened.value?.points.length ? "data and " : ""}samples`
            : "Density over the plane: not computed yet"
        }
        aspect={1}
        draw={drawDensity}
      />
      <figcaption class="legend">
        <Shown name="data" />
        <Shown name="samples" />
        <span>
          ∫ p(x) dx = <output id="plane-integral">{decimals(shown?.integral, 4)}</output>
        </span>
      </figcaption>
      {!shown && !run.problem.value && !networkProblem.value && (
        <p class="note" role="status" id="plane-loading">
          Loading: the page compiles the network and finds its initial values.
        </p>
      )}
      {note && (
        <p class="note bound" id="plane-integral-note">
          {note}
        </p>
      )}
    </figure>
  );
}
