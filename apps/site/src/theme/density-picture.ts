import { HALF, SIDE } from "../live/protocol.js";

export const MOST_POINTS = 3000;
/** Points that one touch adds, and their spread. */
const SPRAY = 4;
const SCATTER = 0.12;

const scattered = (x: number, y: number, spread = SCATTER): [number, number] => {
  const blur = (): number => spread * (Math.random() + Math.random() + Math.random() - 1.5) * 2;
  return [x + blur(), y + blur()];
};

/** Points where the pointer is, in the coordinates of the square. */
export function pointsNear(event: PointerEvent): number[] {
  const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const x = HALF * ((2 * (event.clientX - left)) / width - 1);
  const y = HALF * (1 - (2 * (event.clientY - top)) / height);
  return Array.from({ length: SPRAY }, () => scattered(x, y)).flat();
}

const COUNT = 500;
const shapeOf = (at: (t: number, i: number) => [number, number], spread?: number) => (): number[] =>
  Array.from({ length: COUNT }, (_, i) => scattered(...at(Math.random(), i), spread)).flat();

/** Shapes to learn, for those who do not draw. */
export const shapes: readonly (() => number[])[] = [
  shapeOf((t) => [1.8 * Math.cos(2 * Math.PI * t), 1.8 * Math.sin(2 * Math.PI * t)]),
  shapeOf((t) => [4.4 * (t - 0.5), 1.3 * Math.sin(6 * (t - 0.5))]),
  shapeOf((_, i) => [1.6 * Math.cos((i % 3) * 2.1 + 0.5), 1.6 * Math.sin((i % 3) * 2.1 + 0.5)], 0.45),
];

/** Draws the density in the accent of the theme, and the points over it. */
export function paint(canvas: HTMLCanvasElement, cells: Uint8Array, points: readonly number[]): void {
  const ratio = devicePixelRatio;
  const size = Math.round(canvas.clientWidth * ratio);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  const [red = 0, green = 0, blue = 0] = (/\d+, \d+, \d+/.exec(style.accentColor)?.[0] ?? "")
    .split(", ")
    .map(Number);
  const image = new ImageData(SIDE, SIDE);
  cells.forEach((value, i) => image.data.set([red, green, blue, 0.9 * value], 4 * i));
  const small = new OffscreenCanvas(SIDE, SIDE);
  small.getContext("2d")?.putImageData(image, 0, 0);
  context.clearRect(0, 0, size, size);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, size, size);
  context.fillStyle = style.color;
  const dot = 2 * ratio;
  for (let i = 0; i < points.length; i += 2) {
    const x = (points[i]! / HALF + 1) / 2;
    const y = (1 - points[i + 1]! / HALF) / 2;
    context.fillRect(x * size - dot / 2, y * size - dot / 2, dot, dot);
  }
}
