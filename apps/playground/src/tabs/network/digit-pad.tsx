import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { arrowOf } from "../../ui/canvas.js";
import { DIGITS, digitAt } from "../../ui/digits.js";
import { palette } from "../../ui/palette.js";
import { imageData } from "../../ui/pixels.js";
import { digit, digits, drawing, progress, show } from "./state.js";

const SIDE = 28;
/** Half the width of the pen, in pixels of the digit. */
const PEN = 1.1;

type Point = Readonly<{ x: number; y: number }>;

/** Draws a stroke of the pen: ink by the distance of each pixel from the line. */
function stroke(pixels: Uint8Array, from: Point, to: Point): void {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const squared = dx ** 2 + dy ** 2 || 1;
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [(i % SIDE) + 0.5 - from.x, Math.floor(i / SIDE) + 0.5 - from.y];
    const along = Math.min(Math.max((x * dx + y * dy) / squared, 0), 1);
    const ink = PEN + 0.5 - Math.hypot(x - along * dx, y - along * dy);
    pixels[i] = Math.max(pixels[i] ?? 0, 255 * Math.min(Math.max(ink, 0), 1));
  }
}

/** Position of a pointer, in pixels of the digit. */
function at({ clientX, clientY, currentTarget }: PointerEvent & { currentTarget: Element }): Point {
  const box = currentTarget.getBoundingClientRect();
  return { x: ((clientX - box.x) / box.width) * SIDE, y: ((clientY - box.y) / box.height) * SIDE };
}

const inside = (value: number): number => Math.min(Math.max(value, 0.5), SIDE - 0.5);

/** A digit to draw on, and digits of MNIST to choose from. */
export function DigitPad() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<Point | undefined>(undefined);
  /** The pen of the keyboard, visible while the digit has the focus. */
  const pen = useSignal<Point>({ x: SIDE / 2, y: SIDE / 2 });
  const focused = useSignal(false);
  const paint = (): void => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.putImageData(imageData(digit.value, DIGITS.shape), 0, 0);
    context.fillStyle = palette.value.bound.css;
    if (focused.value) context.fillRect(Math.floor(pen.value.x), Math.floor(pen.value.y), 1, 1);
  };
  useEffect(paint, [digit.value, focused.value, pen.value, palette.value]);

  const draw = (from: Point, to: Point): void => {
    stroke(digit.value, from, to);
    paint();
    drawing();
  };
  const up = (): void => {
    if (!last.current) return;
    last.current = undefined;
    void show(Uint8Array.from(digit.value));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = arrowOf(event);
    if (!move && event.key !== " ") return;
    event.preventDefault();
    const from = pen.value;
    pen.value = { x: inside(from.x + (move?.[0] ?? 0)), y: inside(from.y - (move?.[1] ?? 0)) };
    if (move && !event.shiftKey) return;
    draw(from, pen.value);
    last.current = pen.value; // the stroke ends when its key is released
  };
  return (
    <div class="stack">
      <canvas
        ref={canvas}
        class="pixels pad"
        width={SIDE}
        height={SIDE}
        role="img"
        tabIndex={0}
        aria-label="The digit. Draw on it with a pointer, or move the pen with the arrow keys: hold Shift to draw, press space for a dot. Or choose a digit below."
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          last.current = at(event);
          draw(last.current, last.current);
        }}
        onPointerMove={(event) => {
          if (!last.current || event.buttons === 0) return;
          const to = at(event);
          draw(last.current, to);
          last.current = to;
        }}
        onPointerUp={up}
        onPointerCancel={up}
        onKeyDown={onKeyDown}
        onKeyUp={up}
        onFocus={() => {
          focused.value = true;
        }}
        onBlur={() => {
          focused.value = false;
        }}
      />
      <fieldset class="row digits" aria-label="Digits of MNIST">
        {Array.from({ length: 10 }, (_, shows) => (
          <button
            type="button"
            class="small"
            key={shows}
            disabled={progress.value !== undefined || !digits.value}
            aria-label={`A handwritten ${shows}`}
            onClick={() => showFirst(shows)}
          >
            {shows}
          </button>
        ))}
        <button type="button" class="small" onClick={() => void show(new Uint8Array(DIGITS.pixels))}>
          Clear
        </button>
      </fieldset>
    </div>
  );
}

/** Shows the first digit of a class. */
function showFirst(shows: number): void {
  if (!digits.value) return;
  const place = digits.value.labels.indexOf(shows);
  void show(digitAt(digits.value.test, place), place);
}
