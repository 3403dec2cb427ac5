import { signal } from "@preact/signals";
import { arrowOf, Canvas, type Draw } from "../../ui/canvas.js";
import { palette } from "../../ui/palette.js";
import { LARGEST_COORDINATE, MOST_POINTS } from "./config.js";
import { SHOWN } from "./grid.js";
import { config, configure } from "./state.js";

/** Points that one touch adds, and their spread, in hundredths. */
const SPRAY = 3;
const SCATTER = 9;
/** Distance that an arrow key moves the cross, in hundredths. */
const STRIDE = 20;

/** Points of the stroke that is being drawn, and the cross of the keyboard. */
const stroke = signal<readonly number[]>([]);
const cross = signal<readonly [number, number]>([0, 0]);

const clamp = (value: number): number =>
  Math.round(Math.min(Math.max(value, -LARGEST_COORDINATE), LARGEST_COORDINATE));
const scatter = (): number => SCATTER * (Math.random() + Math.random() + Math.random() - 1.5) * 2;

const spray = (x: number, y: number): number[] =>
  Array.from({ length: SPRAY }, () => [clamp(x + scatter()), clamp(y + scatter())]).flat();

function at(event: PointerEvent, canvas: HTMLCanvasElement): [number, number] {
  const { left, top, width } = canvas.getBoundingClientRect();
  const unit = (200 * SHOWN) / width;
  return [(event.clientX - left) * unit - 100 * SHOWN, 100 * SHOWN - (event.clientY - top) * unit];
}

function finish(): void {
  if (stroke.value.length === 0) return;
  const points = [...config.value.points, ...stroke.value].slice(-2 * MOST_POINTS);
  stroke.value = [];
  configure({ data: "own", points });
}

function onKeyDown(event: KeyboardEvent): void {
  const move = arrowOf(event);
  const [x, y] = cross.value;
  if (move) cross.value = [clamp(x + STRIDE * move[0]), clamp(y + STRIDE * move[1])];
  else if (event.key === " ") {
    stroke.value = spray(x, y);
    finish();
  } else return;
  event.preventDefault();
}

const draw: Draw = (context, size) => {
  const { ink, exact, wash } = palette.value;
  context.fillStyle = wash.css;
  context.fillRect(0, 0, size, size);
  const scale = size / (200 * SHOWN);
  const place = (value: number): number => (value + 100 * SHOWN) * scale;
  context.fillStyle = ink.css;
  const points = [...config.value.points, ...stroke.value];
  for (let i = 0; i < points.length; i += 2)
    context.fillRect(place(points[i]!), place(-points[i + 1]!), 1.5, 1.5);
  context.strokeStyle = exact.css;
  const [x, y] = cross.value;
  context.strokeRect(place(x) - 3, place(-y) - 3, 6, 6);
};

/** A square to draw points in: with the mouse or a finger, or with the arrow keys and the space bar. */
export function DrawPoints() {
  return (
    <Canvas
      class="drawing"
      label={`A square to draw points in. Drag over it, or move the cross with the arrow keys and press the space bar. ${config.value.points.length / 2} points.`}
      aspect={1}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        stroke.value = spray(...at(event, event.currentTarget));
      }}
      onPointerMove={(event) => {
        if (event.buttons === 0 || stroke.value.length === 0) return;
        stroke.value = [...stroke.value, ...spray(...at(event, event.currentTarget))];
      }}
      onPointerUp={finish}
      onPointerCancel={finish}
      draw={draw}
    />
  );
}
