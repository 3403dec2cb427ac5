import { createRequire } from "node:module";
import { escapeXml } from "./escape.js";

const { resolve } = createRequire(import.meta.url);

/** The bundled font, so that pictures look the same on machines with other fonts or none: Latin, Greek, Cyrillic. */
export const FONT = "Inter";
const FILES = ["400Regular/Inter_400Regular.ttf", "600SemiBold/Inter_600SemiBold.ttf"];

export type TextStyle = Readonly<{ size: number; weight?: number }>;

/** A picture that could not be drawn. */
export class PictureError extends Error {}

/**
 * What resvg draws in a layer of its own. Where a layer lies far outside of the picture, or of the layer around it, resvg ends
 * the whole process. The texts of a picture are escaped: none of them can look like an attribute.
 */
const LAYER = /<\w[^<>]* (clip-path|mask|filter|opacity(?!="1"))="/;

export type Renderer = Readonly<{
  /** Width of one line of text in the bundled font, in pixels. */
  textWidth(text: string, style: TextStyle): number;
  /**
   * Draws SVG on white, with `zoom` pixels of the result for one of the drawing: 8-bit RGBA, row-major; and the bytes of a
   * PNG file of it.
   *
   * @throws PictureError for SVG that resvg does not read, and for what it may end the process at: clip paths, masks, filters
   * and `opacity` below 1. Translucent marks have `fill-opacity` and `stroke-opacity`.
   */
  rasterize(
    svg: string,
    zoom?: number,
  ): Readonly<{ width: number; height: number; rgba: Uint8Array; png(): Uint8Array }>;
}>;

/** Widths of texts that are kept: the labels of one chart are measured many times. */
const KEPT = 5000;

let opened: Promise<Renderer> | undefined;

/** Loads resvg at the first call: commands that draw nothing do not wait for it. */
export function openRenderer(): Promise<Renderer> {
  opened ??= loadRenderer();
  return opened;
}

async function loadRenderer(): Promise<Renderer> {
  const { Resvg } = await import("@resvg/resvg-js");
  const font = {
    loadSystemFonts: false,
    fontFiles: FILES.map((file) => resolve(`@expo-google-fonts/inter/${file}`)),
    defaultFontFamily: FONT,
  };
  const widths = new Map<string, number>();
  const measure = (text: string, { size, weight = 400 }: TextStyle): number => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><text xml:space="preserve" y="100" font-family="${FONT}" font-size="100" font-weight="${weight}">${escapeXml(text)}</text></svg>`;
    return ((new Resvg(svg, { font }).getBBox()?.width ?? 0) * size) / 100;
  };
  return {
    textWidth(text, style) {
      const key = `${style.size} ${style.weight} ${text}`;
      const known = widths.get(key);
      if (known !== undefined) return known;
      if (widths.size >= KEPT) widths.clear();
      const width = measure(text, style);
      widths.set(key, width);
      return width;
    },
    rasterize(svg, zoom = 1) {
      const layer = LAYER.exec(svg)?.[1];
      if (layer !== undefined)
        throw new PictureError(
          `a picture has ${layer}, which the renderer may end the process at\nleave out marks outside of their panel, and use fillOpacity or strokeOpacity`,
        );
      const fitTo = { mode: "zoom", value: zoom } as const;
      try {
        const drawn = new Resvg(svg, { font, fitTo, background: "#fff" }).render();
        return { width: drawn.width, height: drawn.height, rgba: drawn.pixels, png: () => drawn.asPng() };
      } catch (cause) {
        throw new PictureError(`a picture could not be drawn: ${(cause as Error).message}`, { cause });
      }
    },
  };
}
