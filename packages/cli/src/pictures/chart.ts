import type { TopLevelSpec } from "vega-lite";
import { escapeXml, validXml, verbatim } from "./escape.js";
import { openRenderer, PictureError } from "./render.js";
import { fonts, type Theme, themeConfig } from "./theme.js";

export type ChartOptions = Readonly<{
  /** Above the chart, and what a screen reader says in its place. On a page only the latter: a heading stands there. */
  title: string;
  /** A line below the title. */
  subtitle?: string;
  /** Default `"paper"`. */
  theme?: Theme;
  /**
   * Texts that labels show, under the names by which `labelExpr` reads them. What users wrote never stands in an expression.
   */
  texts?: Readonly<Record<string, readonly string[] | Readonly<Record<string, string>>>>;
}>;

/**
 * Draws a chart.
 *
 * @param spec - what Vega-Lite shall draw; colours of text, fonts and sizes come from the theme
 * @returns one `<svg>` element that needs no script and nothing from elsewhere
 * @throws PictureError where the chart cannot be drawn as described
 */
export async function drawChart(spec: TopLevelSpec, options: ChartOptions): Promise<string> {
  try {
    return await drawn(spec, options);
  } catch (cause) {
    throw new PictureError(`chart "${options.title}": ${(cause as Error).message}`, { cause });
  }
}

async function drawn(
  spec: TopLevelSpec,
  { title, subtitle, theme = "paper", texts = {} }: ChartOptions,
): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite"), useBundledFont()]);
  const [above, below] = theme === "paper" ? [title, subtitle] : [subtitle];
  const shown = above && { title: { text: verbatim(above), ...(below && { subtitle: verbatim(below) }) } };
  const params = Object.entries(texts).map(([name, value]) => ({ name, value }));
  const { spec: compiled } = compile(
    { ...spec, ...shown, params },
    { config: themeConfig(theme), logger: vega.logger(vega.None) },
  );
  // Vega logs what goes wrong while it draws, and returns an incomplete picture.
  const failures: unknown[] = [];
  const logger = vega.logger(vega.Error, undefined, (_method, _level, found) => failures.push(...found));
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
  try {
    const svg = await view.toSVG();
    if (failures.length > 0) throw new Error(failures.join("; "));
    const name = escapeXml(subtitle === undefined ? title : `${title}: ${subtitle}`);
    // one picture with one name: what Vega says of its parts is of no use inside of it
    const named = validXml(svg)
      .replace(/<(g|path) [^<>]*>/g, (tag) => tag.replace(/ (role|aria-\w+)="[^"]*"/g, ""))
      // labels that others leave no space
      .replace(/(<\w[^<>]*) opacity="0"/g, '$1 display="none"')
      .replace("<svg ", () => `<svg role="img" aria-label="${name}" `);
    return theme === "page" ? named.replace(/ xmlns(:xlink)?="[^"]*"/g, "") : named;
  } finally {
    view.finalize();
  }
}

/** What Vega measures texts with; its types leave it out. */
type TextMetrics = { width: (item: Readonly<Partial<TextItem>>, text?: string | number | null) => number };
type TextItem = { font: string; fontSize: number; fontWeight: string | number; limit: number };

let measures: Promise<void> | undefined;

/** Vega guesses the widths of texts where there is no canvas: it gets those of the bundled font for texts of our charts. */
function useBundledFont(): Promise<void> {
  measures ??= (async () => {
    const [vega, { textWidth }] = await Promise.all([import("vega"), openRenderer()]);
    const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
    const guessed = textMetrics.width;
    textMetrics.width = (item, text) => {
      const { font, fontSize = 11, fontWeight, limit = 0 } = item;
      const theme = (Object.keys(fonts) as Theme[]).find((key) => fonts[key].family === font);
      if (!theme) return guessed(item, text);
      const weight = Number(fontWeight) === 600 ? 600 : 400;
      const width = fonts[theme].slack * textWidth(String(text ?? ""), { size: fontSize, weight });
      return limit > 0 ? Math.min(width, limit) : width;
    };
  })();
  return measures;
}
