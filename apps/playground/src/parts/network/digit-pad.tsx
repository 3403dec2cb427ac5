import { useEffect, useRef } from "preact/hooks";
import { digitAt } from "../../ui/digits.js";
import { DIGITS } from "../../ui/digits-file.js";
import { imageData } from "../../ui/pixels.js";
import { digit, digits, progress, show } from "./state.js";

const SIDE = 28;
/** Half the width of the pen, in pixels of the digit. */
const PEN = 1.1;

/** Puts a dot of the pen on the digit. */
function dot(pixels: Uint8Array, x: number, y: number): void {
  for (let row = Math.max(0, Math.floor(y - 3)); row < Math.min(SIDE, y + 3); row++)
    for (let column = Math.max(0, Math.floor(x - 3)); column < Math.min(SIDE, x + 3); column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const ink = 255 * Math.min(1, Math.max(0, PEN + 0.5 - distance));
      const at = row * SIDE + column;
      pixels[at] = Math.max(pixels[at] ?? 0, ink);
    }
}

/** A digit to draw on, and digits of MNIST to pick from. */
export function DigitPad() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<{ x: number; y: number } | undefined>(undefined);
  const paint = (): void =>
    canvas.current?.getContext("2d")?.putImageData(imageData(digit.value, DIGITS.shape), 0, 0);
  useEffect(paint, [digit.value]);
  const draw = (event: PointerEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || !last.current) return;
    const to = {
      x: ((event.clientX - box.x) / box.width) * SIDE,
      y: ((event.clientY - box.y) / box.height) * SIDE,
    };
    const { x, y } = last.current;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - x, to.y - y) * 2));
    for (let k = 1; k <= steps; k++)
      dot(digit.value, x + ((to.x - x) * k) / steps, y + ((to.y - y) * k) / steps);
    last.current = to;
    paint();
  };
  const down = (event: PointerEvent): void => {
    canvas.current?.setPointerCapture(event.pointerId);
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return;
    last.current = {
      x: ((event.clientX - box.x) / box.width) * SIDE,
      y: ((event.clientY - box.y) / box.height) * SIDE,
    };
    draw(event);
  };
  const up = (): void => {
    if (!last.current) return;
    last.current = undefined;
    void show(Uint8Array.from(digit.value));
  };
  return (
    <div class="stack">
      <canvas
        ref={canvas}
        class="pixels pad"
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="The digit. Draw on it with a pointer, or pick one below."
        onPointerDown={down}
        onPointerMove={draw}
        onPointerUp={up}
        onPointerCancel={up}
      />
      <fieldset class="row digits" aria-label="Digits of MNIST">
        {firsts().map(({ place, shows }) => (
          <button
            type="button"
            class="small"
            key={shows}
            disabled={progress.value !== undefined}
            aria-label={`A written ${shows}`}
            onClick={() => digits.value && void show(digitAt(digits.value.test, place), place)}
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

/** The first digit of each kind. */
function firsts(): { place: number; shows: number }[] {
  const labels = digits.value?.labels;
  if (!labels) return [];
  return Array.from({ length: 10 }, (_, shows) => ({ place: labels.indexOf(shows), shows }));
}
