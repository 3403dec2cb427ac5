/** Heat maps of densities in the plane, side by side, as a PNG. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { drawChart, numbers, svgToPng } from "flowify/charts";

import sharp from "sharp";

/** A density on a square grid of `side`² cells over [−half, half]², row by row from the top. */
export type Panel = Readonly<{ title: string; caption: string; density: Float64Array }>;

export type DensityPicture = Readonly<{
  title: string;
  panels: readonly Panel[];
  half: number;
  /** Only [−shown, shown]² is drawn. */
  shown: number;
  /** Points to draw over every panel, x and y in turn. */
  points: Float32Array;
}>;

const SIZE = 340;

/** From dark blue through green to yellow, perceptually uniform. */
const STOPS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

function colorAt(part: number): [number, number, number] {
  const place = Math.min(Math.max(part, 0), 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  const [a, b] = [STOPS[below]!, STOPS[below + 1]!];
  return [0, 1, 2].map((c) => Math.round(a[c]! + (place - below) * (b[c]! - a[c]!))) as [
    number,
    number,
    number,
  ];
}

/** A density as an image for a place of `SIZE`² pixels, at twice its resolution. */
async function heatMap(density: Float64Array, top: number, half: number, shown: number): Promise<string> {
  const side = Math.sqrt(density.length);
  const cut = Math.round((side * (half - shown)) / (2 * half)); // hidden cells on every side
  const kept = side - 2 * cut;
  const pixels = new Uint8Array(3 * kept * kept);
  for (let row = 0; row < kept; row++)
    for (let column = 0; column < kept; column++)
      pixels.set(colorAt(density[(row + cut) * side + column + cut]! / top), 3 * (row * kept + column));
  const png = await sharp(pixels, { raw: { width: kept, height: kept, channels: 3 } })
    .resize(2 * SIZE, 2 * SIZE, { kernel: "cubic" })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}

/** Writes the picture; all panels share one colour scale, shown as a bar. */
export async function drawDensities(path: string, picture: DensityPicture): Promise<void> {
  const { title, panels, half, shown, points } = picture;
  const top = Math.max(...panels.map(({ density }) => density.reduce((a, b) => Math.max(a, b), 0)));
  const maps = await Promise.all(panels.map(({ density }) => heatMap(density, top, half, shown)));
  const values = Array.from({ length: points.length / 2 }, (_, i) => ({
    x: points[2 * i]!,
    y: points[2 * i + 1]!,
  })).filter(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) <= shown);
  const axis = { grid: false, values: [-2, 0, 2] };
  const x = numbers("x", "x", [-shown, shown], axis);
  const y = numbers("y", "y", [-shown, shown], axis);
  const legend = {
    title: "density p(x); white: held-out points",
    orient: "bottom" as const,
    gradientLength: 160,
    values: [0, top],
    format: ".2f",
    titleLimit: 600,
  };
  const range = STOPS.map(([r, g, b]) => `rgb(${r},${g},${b})`);
  const svg = await drawChart(
    {
      spacing: 30,
      hconcat: panels.map((panel, i) => ({
        title: { text: panel.title, subtitle: panel.caption, fontSize: 14, frame: "group" as const },
        width: SIZE,
        height: SIZE,
        layer: [
          {
            data: { values: [{}] },
            mark: { type: "image" as const, aspect: false, width: SIZE, height: SIZE },
            encoding: {
              x: { value: SIZE / 2 },
              y: { value: SIZE / 2 },
              url: { value: maps[i]! },
            },
          },
          {
            data: { values },
            mark: { type: "circle" as const, size: 7, color: "#fff", opacity: 1, fillOpacity: 0.6 },
            encoding: { x, y },
          },
          {
            // nothing that is seen but its legend: images have none
            data: { values: [0, top].map((density) => ({ density })) },
            mark: { type: "circle" as const, opacity: 1, fillOpacity: 0 },
            encoding: {
              color: {
                field: "density",
                type: "quantitative" as const,
                scale: { domain: [0, top], range, nice: false },
                legend,
              },
            },
          },
        ],
      })),
    },
    { title },
  );
  mkdirSync(dirname(path), { recursive: true });
  // 256 colours are enough for the map, and make the file a fifth
  await sharp(await svgToPng(svg))
    .png({ compressionLevel: 9, palette: true })
    .toFile(path);
}
