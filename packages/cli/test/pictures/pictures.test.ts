import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createCanvas, drawText } from "../../src/pictures/canvas.js";
import { imageGrid } from "../../src/pictures/image-grid.js";
import { type LedgerEntry, ledgerChart, ledgerLines } from "../../src/pictures/ledger-chart.js";
import { encodePng } from "../../src/pictures/png.js";

/** The dots of a text as people draw them, `#` inked. */
function ascii(text: string): string[] {
  const canvas = createCanvas(text.length * 6 - 1, 8);
  drawText(canvas, 0, 0, text, { scale: 1, color: [0, 0, 0] });
  return Array.from({ length: canvas.height }, (_, row) =>
    Array.from({ length: canvas.width }, (_, column) =>
      canvas.pixels[(row * canvas.width + column) * 3] === 0 ? "#" : ".",
    ).join(""),
  );
}

describe("the bitmap font", () => {
  it("draws letters, with descenders below the line", () => {
    expect(ascii("Ep")).toEqual([
      "#####......",
      "#..........",
      "#.....####.",
      "####..#...#",
      "#.....#...#",
      "#.....####.",
      "#####.#....",
      "......#....",
    ]);
  });

  it("shows a question mark for what it lacks", () => {
    expect(ascii("é")).toEqual(ascii("?"));
  });
});

describe("imageGrid", () => {
  const images = Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80);

  it("enlarges pixels to squares and lays images out row by row", () => {
    const canvas = imageGrid({ images, shape: [1, 2, 2], columns: 2, scale: 4 });
    const at = (x: number, y: number) => canvas.pixels[(y * canvas.width + x) * 3];
    expect([canvas.width, canvas.height]).toEqual([16 + 8 + 3 + 8 + 16, 16 + 8 + 16]);
    expect([at(16, 16), at(19, 19), at(20, 16), at(16, 20), at(23, 23)]).toEqual([10, 10, 20, 30, 40]);
    expect([at(27, 16), at(34, 23)]).toEqual([50, 80]);
    expect([at(15, 16), at(24, 16), at(35, 16)]).toEqual([255, 255, 255]);
  });

  it("writes grey images as 8-bit grey PNG, nothing lost", async () => {
    const canvas = imageGrid({ images, shape: [1, 2, 2], columns: 2, rowLabels: ["original"] });
    const png = await encodePng(canvas);
    const { data, info } = await sharp(png).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: canvas.width, height: canvas.height });
    expect([...data]).toEqual([...canvas.pixels].filter((_, at) => at % 3 === 0));
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", depth: "uchar", channels: 1 });
  });

  it("shows three channels in colour", async () => {
    const canvas = imageGrid({ images: Uint8Array.of(200, 100, 50), shape: [3, 1, 1], columns: 1, scale: 1 });
    const { data, info } = await sharp(await encodePng(canvas))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(3);
    expect([...data.subarray((16 * info.width + 16) * 3, (16 * info.width + 16) * 3 + 3)]).toEqual([
      200, 100, 50,
    ]);
  });

  it("refuses images of 2 channels", () => {
    expect(() => imageGrid({ images: new Uint8Array(2), shape: [2, 1, 1], columns: 1 })).toThrow(
      "a picture needs images of 1 or 3 channels, got 2",
    );
  });
});

describe("the ledger", () => {
  const ledger: LedgerEntry[] = [
    { layer: "dequantize[0]", nats: -6, bpd: 8, exact: true },
    { layer: "linear[1]", nats: 3, bpd: -4, exact: true },
    { layer: "pad[2]", nats: -0.75, bpd: 1, exact: false },
    { layer: "base", nats: 0, bpd: 0, exact: true },
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

  it("is drawn as a picture with blue bars for exact entries and orange ones for bounds", () => {
    const { pixels } = ledgerChart(ledger, "ledger");
    const colors = new Set<string>();
    for (let at = 0; at < pixels.length; at += 3) colors.add(pixels.subarray(at, at + 3).join());
    expect(colors).toContain("38,108,176");
    expect(colors).toContain("224,130,40");
  });

  it("leaves out what contributes nothing, and sums small contributions up", () => {
    const small = [1, 2, 3].map((i) => ({ layer: `spline[${i}]`, nats: 0, bpd: i * 1e-4, exact: i !== 2 }));
    const flatten: LedgerEntry = { layer: "flatten[0]", nats: 0, bpd: 0, exact: true };
    const lines = ledgerLines([flatten, ...small, ...ledger.slice(1)], { width: 57 });
    expect(lines.map((line) => line.split(/ +/).slice(0, 3).join(" "))).toEqual([
      "linear[1] -4.000 exact",
      "pad[2] +1.000 bound",
      "3 others +0.001",
      "base +0.000 exact",
      "total -2.999 bound",
    ]);
    expect(lines[2]).toContain("bound");
    expect(ledgerChart([flatten, ...ledger], "t").height).toBe(ledgerChart(ledger, "t").height);
  });

  it("stands a ledger of zeros", () => {
    expect(ledgerLines([{ layer: "base", nats: 0, bpd: 0, exact: true }])).toHaveLength(2);
    expect(ledgerChart([{ layer: "base", nats: 0, bpd: 0, exact: true }], "t").width).toBeGreaterThan(0);
  });
});
