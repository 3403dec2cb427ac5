import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root, "convolution");
const run = join(root, "run");

beforeAll(async () => {
  const flags = ["--steps", "5", "--batch", "32", "--pictures", "none", "--quiet"];
  await runCommand(["train", "--data", data, "--network", network, "--out", run, ...flags]);
});

/** Width and height of a PNG file, and its pixels in grey. */
async function pictureOf(path: string) {
  const { data: pixels, info } = await sharp(readFileSync(path))
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels, width: info.width, height: info.height };
}

describe("flowify sample --sheet", () => {
  for (const sheet of ["temperatures", "interpolation", "inpainting"])
    it(`${sheet}: a picture of its own`, { tags: sheet === "inpainting" ? ["long"] : [] }, async () => {
      const { status, stdout } = await runCommand([
        "sample",
        run,
        "--sheet",
        sheet,
        "--columns",
        "5",
        "--json",
      ]);
      expect(status).toBe(0);
      const { file } = JSON.parse(stdout) as { file: string };
      expect(file).toBe(join(run, `${sheet}.png`));
      expect(existsSync(file)).toBe(true);
    });

  it("interpolates in front of a mixture of normals, which keeps one number", async () => {
    const { inShape } = JSON.parse(readFileSync(network, "utf8")) as { inShape: number[] };
    const layers = ["dequantize", "flatten", "gaussianMixture"].map((kind) => ({ kind }));
    const [mixed, out] = [join(root, "mixed.json"), join(root, "mixed")];
    writeFileSync(mixed, JSON.stringify({ inShape, layers }));
    const flags = ["--steps", "2", "--batch", "32", "--pictures", "none", "--quiet"];
    await runCommand(["train", "--data", data, "--network", mixed, "--out", out, ...flags]);
    const { status } = await runCommand([
      "sample",
      out,
      "--sheet",
      "interpolation",
      "--columns",
      "6",
      "--quiet",
    ]);
    expect(status).toBe(0);
    const { pixels, width, height } = await pictureOf(join(out, "interpolation.png"));
    // the last row: an image, itself decoded, two on the way, and the other one in the same way
    const [cell, left] = [56 + 3, 16];
    const column = (i: number): number[] =>
      Array.from({ length: 56 * 56 }, (_, at) => {
        const [x, y] = [left + i * cell + (at % 56), height - left - 56 + Math.floor(at / 56)];
        return pixels[y * width + x] as number;
      });
    expect(column(1)).toEqual(column(0));
    expect(column(4)).toEqual(column(5));
    expect(new Set([1, 2, 3, 4].map((i) => column(i).join())).size).toBe(4);
  });

  it("gives the same picture for the same seed, another for another", async () => {
    const file = join(run, "temperatures.png");
    const before = (await pictureOf(file)).pixels;
    await runCommand(["sample", run, "--sheet", "temperatures", "--columns", "5"]);
    expect((await pictureOf(file)).pixels.equals(before)).toBe(true);
    await runCommand(["sample", run, "--sheet", "temperatures", "--columns", "5", "--seed", "1"]);
    expect((await pictureOf(file)).pixels.equals(before)).toBe(false);
  });

  it("names an unknown sheet", async () => {
    await expectRefusal(["sample", run, "--sheet", "temperature"], 2, "did you mean");
  });
});
