import type { LedgerEntry } from "@flowify/core/internal";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { imageGrid } from "../../src/pictures/image-grid.js";
import { ledgerChart } from "../../src/pictures/ledger-chart.js";
import { ledgerLines } from "../../src/pictures/ledger-lines.js";
import { encodePng, svgToPng } from "../../src/pictures/png.js";
import { BOUND, EXACT } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

describe("imageGrid", () => {
  const images = Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80);

  it("enlarges pixels to squares and lays images out row by row", async () => {
    const canvas = await imageGrid({ images, shape: [1, 2, 2], columns: 2, scale: 4 });
    const at = (x: number, y: number) => canvas.pixels[(y * canvas.width + x) * 3];
    expect([canvas.width, canvas.height]).toEqual([16 + 8 + 3 + 8 + 16, 16 + 8 + 16]);
    expect([at(16, 16), at(19, 19), at(20, 16), at(16, 20), at(23, 23)]).toEqual([10, 10, 20, 30, 40]);
    expect([at(27, 16), at(34, 23)]).toEqual([50, 80]);
    expect([at(15, 16), at(24, 16), at(35, 16)]).toEqual([255, 255, 255]);
  });

  it("writes grey images as 8-bit grey PNG, nothing lost", async () => {
    const canvas = await imageGrid({ images, shape: [1, 2, 2], columns: 2, rowLabels: ["original"] });
    const png = encodePng(canvas);
    const { data, info } = await sharp(png).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: canvas.width, height: canvas.height });
    expect([...data]).toEqual([...canvas.pixels].filter((_, at) => at % 3 === 0));
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", depth: "uchar", channels: 1 });
  });

  it("shows three channels in colour", async () => {
    const canvas = await imageGrid({
      images: Uint8Array.of(200, 100, 50),
      shape: [3, 1, 1],
      columns: 1,
      scale: 1,
    });
    const { data, info } = await sharp(encodePng(canvas)).raw().toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(3);
    expect([...data.subarray((16 * info.width + 16) * 3, (16 * info.width + 16) * 3 + 3)]).toEqual([
      200, 100, 50,
    ]);
  });

  it("writes title and labels in grey tones, left of the images and above them", async () => {
    const plain = { images, shape: [1, 2, 2] as const, columns: 2, scale: 4 };
    const bare = await imageGrid(plain);
    const labelled = await imageGrid({ ...plain, title: "a title", subtitle: "below", rowLabels: ["row"] });
    const { width, height, pixels } = labelled;
    expect(height).toBeGreaterThan(bare.height + 40);
    const ink = (from: number, to: number, left: number, right: number): number => {
      const tones = new Set<number>();
      for (let y = from; y < to; y++)
        for (let x = left; x < right; x++) tones.add(pixels[3 * (y * width + x)]!);
      return tones.size;
    };
    const top = height - bare.height + 16;
    expect(ink(0, top, 0, width)).toBeGreaterThan(20);
    expect(ink(top, height, 16, 36)).toBeGreaterThan(10);
    // the images begin where the labels end, and are drawn as before
    const row = (canvas: typeof bare, y: number) =>
      [...canvas.pixels.subarray(3 * y * canvas.width, 3 * (y + 1) * canvas.width)].filter(
        (_, i) => i % 3 === 0,
      );
    expect(row(labelled, top).join()).toContain([10, 10, 10, 10, 20, 20, 20, 20, 255, 255, 255, 50].join());
  });

  it("is wide enough for its title, whatever is written in it", async () => {
    const plain = { images, shape: [1, 2, 2] as const, columns: 2 };
    const short = await imageGrid({ ...plain, title: "a title of forty characters, more or less" });
    expect(short.width).toBeGreaterThan(300);
    for (const title of Object.values(hostile))
      expect((await imageGrid({ ...plain, title, rowLabels: [title] })).pixels.length).toBeGreaterThan(0);
  });

  it("refuses images of 2 channels", async () => {
    await expect(imageGrid({ images: new Uint8Array(2), shape: [2, 1, 1], columns: 1 })).rejects.toThrow(
      "a picture needs images of 1 or 3 channels, got 2",
    );
  });
});

describe("the ledger", () => {
  const ledger: LedgerEntry[] = [
    { layer: "dequantize[0]", nats: -6, bpd: 8, likelihood: "exact" as const, exact: true },
    { layer: "linear[1]", nats: 3, bpd: -4, likelihood: "exact" as const, exact: true },
    { layer: "pad[2]", nats: -0.75, bpd: 1, likelihood: "bound" as const, exact: false },
    { layer: "base", nats: 0, bpd: 0, likelihood: "exact" as const, exact: true },
  ];

  it("is drawn with bars from a zero line", () => {
    expect(ledgerLines(ledger, { width: 57 })).toEqual([
      "dequantize[0]   +8.000  exact          ████████████████",
      "linear[1]       -4.000  exact  ████████",
      "pad[2]          +1.000  bound          ██",
      "base            +0.000  exact",
      "total           +5.000  bound  bits per dimension",
    ]);
  });

  it("is drawn as a chart with blue bars for exact entries and orange ones for bounds", async () => {
    const svg = await ledgerChart(ledger, "a ledger");
    const bars = marks(svg, "rect").map(({ color, d }) => [color, Number(/h(-?[\d.]+)v/.exec(d)![1])]);
    const unit = Number(bars[2]![1]);
    expect(bars).toEqual([
      [EXACT, expect.closeTo(8 * unit, 1)],
      [EXACT, expect.closeTo(4 * unit, 1)],
      [BOUND, unit],
      [EXACT, 0],
    ]);
    const found = texts(svg);
    for (const text of [
      "a ledger",
      "total 5.000 bits per dimension",
      "linear[1]",
      "−4.000",
      "exact",
      "bound",
    ])
      expect(found).toContain(text);
    expect(found).toContain("bits per dimension: right costs, left saves");
  });

  it("shows layers of one name, of any name, and figures that are not finite", async () => {
    const names = ["twice", "twice", ...Object.values(hostile)];
    const entries = names.map((layer, i) => ({
      layer,
      nats: 0,
      bpd: i || Number.NaN,
      likelihood: "exact" as const,
      exact: true,
    }));
    const svg = await ledgerChart(entries, hostile.markup);
    expect(texts(svg).filter((text) => text === "twice")).toHaveLength(2);
    expect(texts(svg).filter((text) => text === hostile.markup)).toHaveLength(2);
    expect(texts(svg)).toContain("NaN");
    expect(marks(svg, "rect").every(({ d }) => !d.includes("NaN"))).toBe(true);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("leaves out what contributes nothing, and sums small contributions up", async () => {
    const small = [1, 2, 3].map((i) => ({
      layer: `spline[${i}]`,
      nats: 0,
      bpd: i * 1e-4,
      likelihood: i === 2 ? ("bound" as const) : ("exact" as const),
      exact: i !== 2,
    }));
    const flatten: LedgerEntry = {
      layer: "flatten[0]",
      nats: 0,
      bpd: 0,
      likelihood: "exact" as const,
      exact: true,
    };
    const lines = ledgerLines([flatten, ...small, ...ledger.slice(1)], { width: 57 });
    expect(lines.map((line) => line.split(/ +/).slice(0, 3).join(" "))).toEqual([
      "linear[1] -4.000 exact",
      "pad[2] +1.000 bound",
      "3 others +0.001",
      "base +0.000 exact",
      "total -2.999 bound",
    ]);
    expect(lines[2]).toContain("bound");
    expect(await ledgerChart([flatten, ...ledger], "t")).toBe(await ledgerChart(ledger, "t"));
  });

  it("stands a ledger of zeros, and an empty one", async () => {
    expect(
      ledgerLines([{ layer: "base", nats: 0, bpd: 0, likelihood: "exact" as const, exact: true }]),
    ).toHaveLength(2);
    for (const entries of [
      [{ layer: "base", nats: 0, bpd: 0, likelihood: "exact" as const, exact: true }],
      [],
    ])
      expect(await ledgerChart(entries, "t")).not.toMatch(/NaN|Infinity/);
  });
});
