import { signal } from "@preact/signals";
import { arrowOf, Canvas, type Draw, writeUpwards } from "../../ui/canvas.js";
import { plain } from "../../ui/figures.js";
import { palette } from "../../ui/palette.js";
import { answer, observe, observed, view } from "./state.js";

const ASPECT = 1.4;
/** Part of an axis that an arrow key moves a point. */
const STRIDE = 0.02;
/** Space for the labels of the axes. */
const [LEFT, BELOW] = [34, 20] as const;

type Axis = Readonly<{ range: readonly [number, number]; log?: true }>;
const raw = (value: number, { log }: Axis): number => (log ? Math.log(Math.max(value, 1e-3)) : value);
const shareOf = (value: number, axis: Axis): number => {
  const [low, high] = axis.range.map((end) => raw(end, axis)) as [number, number];
  return (raw(value, axis) - low) / (high - low);
};
const valueAt = (share: number, axis: Axis): number => {
  const [low, high] = axis.range.map((end) => raw(end, axis)) as [number, number];
  const value = low + Math.min(Math.max(share, 0), 1) * (high - low);
  return Number((axis.log ? Math.exp(value) : value).toPrecision(4));
};

/** The number of a series that is held. */
const held = signal(0);

/** Points of an observation, as shares of both axes. */
function pointsOf(x: ArrayLike<number>): [number, number][] {
  const { across, x: wide, y: high } = view.value;
  if (!across) return [[shareOf(x[0]!, wide), shareOf(x[1]!, high)]];
  return Array.from(x, (value, i) => [shareOf(across[i % across.length]!, wide), shareOf(value, high)]);
}

const draw: Draw = (context, width, height) => {
  const { wash, ink, muted, exact, bound } = palette.value;
  const { across, x: wide, y: high } = view.value;
  const [w, h] = [width - LEFT, height - BELOW];
  context.fillStyle = wash.css;
  context.fillRect(LEFT, 0, w, h);
  context.fillStyle = ink.css;
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  for (const at of high.log
    ? [1, 10, 100]
    : [high.range[0], (high.range[0] + high.range[1]) / 2, high.range[1]])
    context.fillText(plain(at), LEFT - 4, Math.min(Math.max((1 - shareOf(at, high)) * h + 4, 10), h));
  context.textAlign = "center";
  context.fillText(wide.name, LEFT + w / 2, height - 5);
  for (const at of across ? [across[0]!, across.at(-1)!] : wide.range)
    context.fillText(plain(at, 3), LEFT + Math.min(Math.max(shareOf(at, wide), 0.04), 0.96) * w, height - 5);
  writeUpwards(context, high.name, 10, h / 2);
  const place = ([x, y]: readonly [number, number]): [number, number] => [LEFT + x * w, (1 - y) * h];
  const length = across?.length ?? 1;
  context.globalAlpha = 0.3;
  context.fillStyle = context.strokeStyle = muted.css;
  for (const one of answer.value?.predicted ?? []) {
    const points = pointsOf(one).map(place);
    for (let from = 0; from < points.length; from += length) {
      context.beginPath();
      for (const [x, y] of points.slice(from, from + length)) context.lineTo(x, y);
      context.stroke();
    }
    if (!across) for (const [x, y] of points) context.fillRect(x - 2, y - 2, 4, 4);
  }
  context.globalAlpha = 1;
  context.lineWidth = 2;
  pointsOf(observed.value)
    .map(place)
    .forEach(([x, y], i) => {
      context.strokeStyle = context.fillStyle = i === held.value ? bound.css : exact.css;
      context.beginPath();
      context.arc(x, y, i === held.value ? 7 : 5, 0, 2 * Math.PI);
      if (i >= length) context.stroke();
      else context.fill();
    });
};

/** Moves the point that is held to shares of the axes; of a series only up and down. */
function moveTo(x: number, y: number): void {
  const { across, x: wide, y: high } = view.value;
  if (!across) observe([valueAt(x, wide), valueAt(y, high)]);
  else observe(observed.value.with(held.value, valueAt(y, high)));
}

function at(event: PointerEvent, { clientWidth, clientHeight }: HTMLCanvasElement): [number, number] {
  return [(event.offsetX - LEFT) / (clientWidth - LEFT), 1 - event.offsetY / (clientHeight - BELOW)];
}

function onKeyDown(event: KeyboardEvent): void {
  const move = arrowOf(event);
  if (!move) return;
  event.preventDefault();
  const { length } = observed.value;
  if (view.value.across && move[0] !== 0) held.value = (held.value + move[0] + length) % length;
  else {
    const [x, y] = pointsOf(observed.value)[view.value.across ? held.value : 0]!;
    moveTo(x + STRIDE * move[0], y + STRIDE * move[1]);
  }
}

/** The observation, to be dragged, and what its posterior predicts. */
export function Observation() {
  const { across, x, y } = view.value;
  const value = across
    ? `Number ${held.value + 1} of ${observed.value.length} is ${observed.value[held.value]}. Left and right arrows choose another, up and down arrows move it.`
    : `${x.name} is ${observed.value[0]}, ${y.name} is ${observed.value[1]}. Arrow keys move it.`;
  return (
    <Canvas
      class="observation"
      label={`The observation. ${value}`}
      aspect={ASPECT}
      tabIndex={0}
      draw={draw}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const [a, b] = at(event, event.currentTarget);
        const far = pointsOf(observed.value).map(([c, d]) => Math.hypot(ASPECT * (a - c), b - d));
        held.value = far.indexOf(Math.min(...far));
        moveTo(a, b);
      }}
      onPointerMove={(event) => {
        if (event.buttons !== 0) moveTo(...at(event, event.currentTarget));
      }}
    />
  );
}
