import { signal } from "@preact/signals";
import { Canvas, type Draw } from "../../ui/canvas.js";
import { palette } from "../../ui/palette.js";
import { MESH_LINES, MESH_POINTS } from "./grid.js";
import { description, run } from "./state.js";

/** Position along the layers: 1.5 is halfway between the outputs of the first and the second. */
const place = signal(1);

/** A square: its middle and half its side. */
type Frame = Readonly<{ x: number; y: number; half: number }>;

/** The square around nearly all points. */
function frameOf(points: Float32Array): Frame {
  const [x, y] = [0, 1].map((axis) => {
    const sorted = points.filter((_, i) => i % 2 === axis).toSorted();
    const [low, high] = [0.005, 0.995].map((part) => sorted[Math.round(part * (sorted.length - 1))] ?? 0);
    return { middle: (low! + high!) / 2, half: (high! - low!) / 2 };
  });
  return { x: x!.middle, y: y!.middle, half: 1.05 * Math.max(x!.half, y!.half, 0.1) };
}

/** The mesh between two layers, and the square around it. */
function meshAt(
  stages: readonly Float32Array[],
  at: number,
): { points: Float32Array; frame: Frame } | undefined {
  const from = stages[Math.min(Math.floor(at), stages.length - 1)];
  if (!from) return undefined;
  const to = stages[Math.min(Math.floor(at) + 1, stages.length - 1)] ?? from;
  const t = at - Math.floor(at);
  const mix = (a: number, b: number): number => a + t * (b - a);
  const [first, last] = [frameOf(from), frameOf(to)];
  return {
    points: from.map((value, i) => mix(value, to[i]!)),
    frame: { x: mix(first.x, last.x), y: mix(first.y, last.y), half: mix(first.half, last.half) },
  };
}

const draw: Draw = (context, size) => {
  const { exact, muted, sheet } = palette.value;
  context.fillStyle = sheet.css;
  context.fillRect(0, 0, size, size);
  const mesh = run.view.value && meshAt(run.view.value.mesh, place.value);
  if (!mesh) return;
  const { x, y, half } = mesh.frame;
  const scale = size / (2 * half);
  for (let line = 0; line < 2 * MESH_LINES; line++) {
    context.beginPath();
    for (let point = 0; point < MESH_POINTS; point++) {
      const i = 2 * (line * MESH_POINTS + point);
      context.lineTo((mesh.points[i]! - x + half) * scale, (half - mesh.points[i + 1]! + y) * scale);
    }
    context.strokeStyle = line < MESH_LINES ? exact.css : muted.css;
    context.stroke();
  }
};

/** Describes a position among the layers. */
function wordsAt(at: number): string {
  const last = description.value?.layers[Math.ceil(at) - 1];
  if (!last) return "data x";
  return Number.isInteger(at) ? `after ${last.layer}` : `within ${last.layer}`;
}

/** A mesh on the plane, deformed layer by layer. */
export function Deformation() {
  const count = description.value?.layers.length ?? 0;
  const at = Math.min(place.value, count);
  return (
    <figure class="stack">
      <Canvas label={`A mesh, ${wordsAt(at)}`} aspect={1} draw={draw} />
      <label class="field">
        Layers: {wordsAt(at)}
        <input
          type="range"
          min={0}
          max={count}
          step={0.05}
          value={at}
          aria-valuetext={wordsAt(at)}
          onInput={({ currentTarget }) => {
            place.value = currentTarget.valueAsNumber;
          }}
        />
      </label>
    </figure>
  );
}
