import { signal } from "@preact/signals";

/** A colour as a CSS string, and its channels, 0..255. */
type Colour = Readonly<{ css: string; rgb: readonly [number, number, number] }>;

const names = ["paper", "sheet", "ink", "muted", "line", "exact", "bound", "wash"] as const;
export type Palette = Readonly<Record<(typeof names)[number], Colour>>;

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): Colour => {
    const css = style.getPropertyValue(`--${name}`);
    const [r = 0, g = 0, b = 0] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return { css, rgb: [r, g, b] };
  };
  return Object.fromEntries(names.map((name) => [name, colour(name)])) as Palette;
}

/** The colours of the page, from its style sheet; updated when those of the system change. */
export const palette = signal(read());

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  palette.value = read();
});
