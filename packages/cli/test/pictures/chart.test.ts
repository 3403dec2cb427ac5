import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawChart } from "../../src/pictures/chart.js";
import { escapeXml } from "../../src/pictures/escape.js";
import { lineChart } from "../../src/pictures/line-chart.js";
import { svgToPng } from "../../src/pictures/png.js";
import { openRenderer, PictureError } from "../../src/pictures/render.js";
import { SERIES, TRAINING } from "../../src/pictures/theme.js";
import { hostile, texts } from "./svg.js";

const bars = (names: readonly string[]) => ({
  width: 200,
  data: { values: names.map((_, i) => ({ row: String(i), value: i })) },
  mark: "bar" as const,
  encoding: {
    x: { field: "value", type: "quantitative" as const },
    y: {
      field: "row",
      type: "nominal" as const,
      axis: { labelExpr: "names[datum.value]", title: null },
    },
  },
});

describe("a chart", () => {
  it("holds names as text, whatever is written in them", async () => {
    const names = Object.values(hostile);
    const svg = await drawChart(bars(names), { title: hostile.markup, texts: { names } });
    expect(svg).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|href|\son\w+=/);
    for (const name of [hostile.markup, hostile.inherited, hostile.expression])
      expect(texts(svg)).toContain(name);
    expect(texts(svg)).toContain("a\u{fffd}b\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}c");
    expect(svg).toContain(
      'role="img" aria-label="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;"',
    );
    // a strict parser of XML reads it
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it.each(["constructor", "__proto__", "toString", "if", "datum", "{ signal: 1 }", "$& $1", "  padded  "])(
    "has %s for a title and a unit",
    async (text) => {
      const points = [{ step: 1, value: 1 }];
      const svg = await lineChart({ title: text, unit: text, steps: 2, lines: [{ name: text, points }] });
      expect(texts(svg).filter((each) => each === text.trim())).toHaveLength(3);
      const page = await drawChart(bars(["a"]), {
        title: text,
        subtitle: text,
        theme: "page",
        texts: { names: ["a"] },
      });
      expect(texts(page).filter((each) => each === text.trim())).toHaveLength(1);
      expect(page).toContain(`aria-label="${escapeXml(`${text}: ${text}`)}"`);
    },
  );

  it("cuts a long label, measured in the bundled font", async () => {
    const names = [hostile.long, "short"];
    const svg = await drawChart(bars(names), { title: "t", texts: { names } });
    const label = texts(svg).find((text) => text.startsWith("very long"))!;
    expect(label).toMatch(/^very long .*…$/);
    const { textWidth } = await openRenderer();
    expect(textWidth(label, { size: 12 })).toBeGreaterThan(280);
    // side bearings beside the ink add a pixel or two where a text is cut
    expect(textWidth(label, { size: 12 })).toBeLessThan(323);
    expect(Number(/<svg[^>]* width="(\d+)"/.exec(svg)![1])).toBeLessThan(200 + 320 + 60);
  });

  it("is white with dark text as a file, and takes a page's colours on a page", async () => {
    const [paper, page] = await Promise.all([
      drawChart(bars(["a"]), { title: "t", texts: { names: ["a"] } }),
      drawChart(bars(["a"]), { title: "t", texts: { names: ["a"] }, theme: "page" }),
    ]);
    expect(paper).toContain('fill="#fff"');
    expect(paper).not.toContain("var(");
    expect(page).toContain('fill="var(--soft)"');
    expect(page).not.toMatch(/#fff|white|fill="#5c6670"/);
  });

  it("fails where it cannot be drawn, and prints nothing", async () => {
    const wrong = { ...bars(["a"]), transform: [{ calculate: "noSuchFunction(1)", as: "x" }] };
    const drawing = drawChart(wrong, { title: "t" });
    await expect(drawing).rejects.toThrow("noSuchFunction");
    await expect(drawing).rejects.toThrow(PictureError);
  });
});

describe("the renderer", () => {
  it.each([
    `<path d="M0,0h9v9" opacity="0.6"/>`,
    `<g class="a" clip-path="url(#c)"/>`,
    `<g filter="url(#f)"/>`,
  ])("refuses %s, which may end the process", async (element) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${element}</svg>`;
    await expect(svgToPng(svg)).rejects.toThrow(PictureError);
  });

  it("takes what is opaque, whatever its texts say, and says why it reads no SVG", async () => {
    const text = escapeXml(` opacity="0.5" <g clip-path="url(#c)">`);
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text aria-label="${text}" opacity="1" fill-opacity="0.5">opacity="0.5"</text></svg>`;
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
    await expect(svgToPng("<svg")).rejects.toThrow(PictureError);
  });
});

describe("the bundled font", () => {
  const text = (family: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text x="4" y="28" font-size="20" font-family="${family}">Größe: Ωμ 12.5 Привет</text></svg>`;

  it("is used whatever fonts the machine has", async () => {
    const { rasterize } = await openRenderer();
    const inter = rasterize(text("Inter"));
    expect(new Set(inter.rgba).size).toBeGreaterThan(20);
    for (const family of ["DejaVu Sans, Arial, sans-serif", "Times New Roman", "monospace"])
      expect(Buffer.compare(rasterize(text(family)).rgba, inter.rgba)).toBe(0);
  });

  it("has letters of different widths, which grow with the size and the weight", async () => {
    const { textWidth } = await openRenderer();
    expect(textWidth("iiii", { size: 10 })).toBeLessThan(0.5 * textWidth("WWWW", { size: 10 }));
    expect(textWidth("Wide", { size: 20 })).toBeCloseTo(2 * textWidth("Wide", { size: 10 }), 6);
    expect(textWidth("Wide", { size: 10, weight: 600 })).toBeGreaterThan(textWidth("Wide", { size: 10 }));
    expect(textWidth("", { size: 10 })).toBe(0);
    expect(textWidth(hostile.control, { size: 10 })).toBeGreaterThan(0);
  });

  it("is drawn at twice the size in files", async () => {
    const { width, height } = await sharp(await svgToPng(text("Inter"))).metadata();
    expect([width, height]).toEqual([600, 80]);
  });
});

/** Relative luminance, as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

it.each([...SERIES, TRAINING])("the colour %s is seen on white and on the page's dark ground", (color) => {
  const contrast = (other: string): number => {
    const [a, b] = [luminance(color), luminance(other)].sort((x, y) => y - x) as [number, number];
    return (a + 0.05) / (b + 0.05);
  };
  expect(contrast("#ffffff")).toBeGreaterThan(3);
  expect(contrast("#16191d")).toBeGreaterThan(3);
});
