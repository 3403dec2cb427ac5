/** Heat maps of densities in the plane, side by side, as a PNG. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import sharp, { type OverlayOptions } from "sharp";

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
const GAP = 44;
const LEFT = 48;
const TOP = 84;
const BOTTOM = 96;

/** Dark blue over green to yellow: equal steps of density look equal. */
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

async function heatMap(density: Float64Array, top: number, half: number, shown: number): Promise<Buffer> {
  const side = Math.sqrt(density.length);
  const cut = Math.round((side * (half - shown)) / (2 * half)); // cells that are not shown, on every side
  const kept = side - 2 * cut;
  const pixels = new Uint8Array(3 * kept * kept);
  for (let row = 0; row < kept; row++)
    for (let column = 0; column < kept; column++)
      pixels.set(colorAt(density[(row + cut) * side + column + cut]! / top), 3 * (row * kept + column));
  return sharp(pixels, { raw: { width: kept, height: kept, channels: 3 } })
    .resize(SIZE, SIZE, { kernel: "cubic" })
    .png()
    .toBuffer();
}

const text = (x: number, y: number, size: number, content: string, more = ""): string =>
  `<text x="${x}" y="${y}" font-size="${size}" ${more}>${content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;

/** Writes the picture; all panels share one scale of colours, which a bar explains. */
export async function drawDensities(path: string, picture: DensityPicture): Promise<void> {
  const { title, panels, half, shown, points } = picture;
  const width = LEFT + panels.length * (SIZE + GAP);
  const height = TOP + SIZE + BOTTOM;
  const top = Math.max(...panels.map(({ density }) => density.reduce((a, b) => Math.max(a, b), 0)));
  const left = (i: number): number => LEFT + i * (SIZE + GAP);
  const pixel = (value: number): number => ((value + shown) / (2 * shown)) * SIZE;

  const overlays: OverlayOptions[] = await Promise.all(
    panels.map(async ({ density }, i) => ({
      input: await heatMap(density, top, half, shown),
      left: left(i),
      top: TOP,
    })),
  );
  const marks: string[] = [text(LEFT, 32, 20, title)];
  panels.forEach((panel, i) => {
    marks.push(text(left(i), TOP - 16, 16, panel.title));
    marks.push(text(left(i), TOP + SIZE + 42, 13, panel.caption, 'fill="#666"'));
    for (const tick of [-2, 0, 2]) {
      const label = `${tick}`.replace("-", "−");
      marks.push(text(left(i) + pixel(tick), TOP + SIZE + 18, 12, label, 'fill="#666" text-anchor="middle"'));
      marks.push(text(left(i) - 8, TOP + pixel(-tick) + 4, 12, label, 'fill="#666" text-anchor="end"'));
    }
    for (let p = 0; p < points.length; p += 2) {
      const [x, y] = [points[p]!, points[p + 1]!];
      if (Math.abs(x) > shown || Math.abs(y) > shown) continue;
      const place = `cx="${(left(i) + pixel(x)).toFixed(1)}" cy="${(TOP + pixel(-y)).toFixed(1)}"`;
      marks.push(`<circle ${place} r="1.3" fill="#fff" fill-opacity="0.6"/>`);
    }
  });
  const stops = Array.from({ length: 21 }, (_, i) => {
    const [r, g, b] = colorAt(i / 20);
    return `<stop offset="${i / 20}" stop-color="rgb(${r},${g},${b})"/>`;
  });
  const barTop = TOP + SIZE + 58;
  marks.push(
    `<defs><linearGradient id="scale">${stops.join("")}</linearGradient></defs>`,
    `<rect x="${LEFT}" y="${barTop}" width="160" height="12" fill="url(#scale)"/>`,
    text(LEFT, barTop + 28, 12, "0", 'fill="#666"'),
    text(LEFT + 160, barTop + 28, 12, top.toFixed(2), 'fill="#666" text-anchor="end"'),
    text(
      LEFT + 174,
      barTop + 11,
      13,
      "density p(x); white: points that the flows have not seen",
      'fill="#666"',
    ),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif" fill="#212121">${marks.join("")}</svg>`;
  mkdirSync(dirname(path), { recursive: true });
  await sharp({ create: { width, height, channels: 3, background: "#fff" } })
    .composite([...overlays, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9, palette: true })
    .toFile(path);
}
