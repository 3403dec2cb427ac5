/** Cells along a side of the picture of a density, which shows [−HALF, HALF]². */
export const SIDE = 60;
export const HALF = 3;

/** A density after some steps: the square root of its values, row by row from the top, 255 for the highest. */
export type Frame = Readonly<{ step: number; cells: Uint8Array<ArrayBuffer> }>;

/** What a page asks of its worker: to learn the density of points, or to run an example of a document. */
export type Ask =
  | Readonly<{ kind: "learn"; points: Float32Array; steps: number; shown: readonly number[] }>
  | Readonly<{ kind: "run"; name: string }>;

/** What it hears, `done` or `problem` at the end. */
export type Answer =
  | Readonly<{ kind: "frame"; frame: Frame }>
  | Readonly<{ kind: "line"; text: string }>
  | Readonly<{ kind: "done" }>
  | Readonly<{ kind: "problem"; text: string }>;

/** The file of the worker, below the base of the site. */
export const WORKER = "live/worker.js";

/** The points of the first screen, and the steps of their training that it shows. */
export const PICTURE = "live/moons.bin";
export const STEPS = 200;
export const SHOWN = [0, 5, 10, 20, 35, 50, 75, 100, 130, 160, 200] as const;

/** The points of the first screen: two moons, x and y of each. The same on every call. */
export function moons(count = 500): Float32Array {
  let state = 7;
  const uniform = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const blur = (): number => 0.22 * (uniform() + uniform() + uniform() - 1.5);
  return Float32Array.from(
    Array.from({ length: count }, (_, i) => {
      const angle = Math.PI * uniform();
      const side = i % 2 === 0 ? 1 : -1;
      const [x, y] = [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25];
      return [1.35 * side * x + blur(), 1.35 * side * y + blur()];
    }).flat(),
  );
}
