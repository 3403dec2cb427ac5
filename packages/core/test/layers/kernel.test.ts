/** The paper's patching inverse once more by loops: which network, which patches, which entries. */
import { describe, expect, it } from "vitest";
import { nth } from "../../src/lists.js";
import { type Windows, windowReach } from "../../src/math/windows.js";
import type { HostArray } from "../../src/params/host-array.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { kernels } from "../catalog-images.js";
import { expectClose } from "../support/compare.js";
import { multiply } from "../support/plain.js";

/** An image as [channel][row][column]. */
type Image = number[][][];
type Step = { weight: HostArray; bias: HostArray };

const zeros = (channels: number, height: number, width: number): Image =>
  Array.from({ length: channels }, () =>
    Array.from({ length: height }, () => new Array<number>(width).fill(0)),
  );

const sizes = (image: Image) => [image.length, nth(image, 0).length, nth(nth(image, 0), 0).length] as const;

/** A convolution of stride 1, zeros around the image so that it keeps its size; weight [out, in, k, k]. */
function conv(image: Image, { weight, bias }: Step): Image {
  const [o, i, k] = weight.shape as [number, number, number];
  const [, height, width] = sizes(image);
  const out = zeros(o, height, width);
  const pixel = (c: number, y: number, x: number): number => image[c]?.[y]?.[x] ?? 0;
  for (let p = 0; p < o; p++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let total = bias.data[p] as number;
        for (let c = 0; c < i; c++)
          for (let a = 0; a < k; a++)
            for (let b = 0; b < k; b++)
              total +=
                (weight.data[((p * i + c) * k + a) * k + b] as number) *
                pixel(c, y + a - (k - 1) / 2, x + b - (k - 1) / 2);
        nth(nth(out, p), y)[x] = total;
      }
  return out;
}

/** The transposed convolution: every entry of z adds its multiple of the kernel [in, out, kh, kw] to its window. */
function up(
  z: Image,
  { weight, bias }: Step,
  [rows, columns]: Windows,
  height: number,
  width: number,
): Image {
  const [i, o, kh, kw] = weight.shape as [number, number, number, number];
  const out = zeros(o, height, width);
  for (let p = 0; p < o; p++) {
    // the network knows nothing beyond its windows, where zeros take the place of pixels
    for (let y = 0; y < windowReach(rows); y++)
      for (let x = 0; x < windowReach(columns); x++) nth(nth(out, p), y)[x] = bias.data[p] as number;
    for (let c = 0; c < i; c++)
      z[c]?.forEach((line, y) => {
        line.forEach((v, x) => {
          for (let a = 0; a < kh; a++)
            for (let b = 0; b < kw; b++)
              nth(nth(out, p), y * rows.stride + a * rows.dilation)[
                x * columns.stride + b * columns.dilation
              ]! += v * (weight.data[((c * o + p) * kh + a) * kw + b] as number);
        });
      });
  }
  return out;
}

const relu = (image: Image): Image =>
  image.map((plane) => plane.map((line) => line.map((v) => Math.max(v, 0))));

/** The patch at a location: channel, kernel row, kernel column. */
function patch(image: Image, [rows, columns]: Windows, i: number, j: number): number[] {
  const out: number[] = [];
  for (const plane of image)
    for (let a = 0; a < rows.size; a++)
      for (let b = 0; b < columns.size; b++)
        out.push(
          nth(nth(plane, i * rows.stride + a * rows.dilation), j * columns.stride + b * columns.dilation),
        );
  return out;
}

// what is left uncovered by the windows holds zeros instead of what the last steps make of zeros
const plain = kernels.filter(({ entry }) => !/rest uncovered|expm/.test(entry.name));

describe("log q of what a kernel drops, by loops (float64)", () => {
  it.each(plain)("$entry.name", async ({ entry, m, options }) => {
    const prepared = await prepare(entry, "float64");
    const { layer, batch = 3 } = entry;
    const [oh, ow, n] = layer.inShape as [number, number, number];
    const { windows, channels, size, limit = 3 } = options;
    const own = prepared.hostParams as unknown as { [name: string]: HostArray } & { network: Step[] };
    const numbers = (name: string): number[] => Array.from((own[name] as HostArray).data);
    const rotation = toRows(numbers("rotateIn"), n);
    const d = n - m;
    const { z, contribution } = layer.forward(prepared.params(), prepared.x(), {});
    const outputs = toRows(await numbersOf(z), m * oh * ow);
    const inputs = toRows(await numbersOf(prepared.x()), oh * ow * n);
    expect(outputs.length).toBe(batch);
    expect(own.network).toHaveLength(15);
    const expected = outputs.map((row, example) => {
      let h: Image = toRows(row, oh * ow).map((plane) => toRows(plane, ow));
      own.network.forEach((step, k) => {
        h = k === 6 ? up(h, step, windows, size[0], size[1]) : conv(h, step);
        // six 1 × 1 steps, the last without ReLU; up, ReLU; 3 × 3, ReLU; 3 × 3; six 1 × 1 as before
        if (![5, 8, 14].includes(k)) h = relu(h);
      });
      const density: number[] = [oh * ow * sum(numbers("logScale"))];
      for (let i = 0; i < oh; i++)
        for (let j = 0; j < ow; j++) {
          const x = nth(inputs, example).slice((i * ow + j) * n, (i * ow + j + 1) * n);
          const rows = [
            x,
            patch(h.slice(0, channels), windows, i, j),
            patch(h.slice(channels), windows, i, j),
          ];
          const [y = [], mean = [], raw = []] = multiply(rows, rotation);
          for (let k = 0; k < d; k++) {
            const unit = nth(numbers("logUnit"), k);
            const logStd =
              unit + (Number.isFinite(limit) ? limit * Math.tanh(nth(raw, k) / limit) : nth(raw, k));
            const location = nth(numbers("center"), k) + Math.exp(unit) * nth(mean, k);
            density.push(logNormal(nth(y, k), location, Math.exp(logStd)));
          }
        }
      return sum(density);
    });
    expectClose(await numbersOf(contribution), expected, "contribution");
    expect(sizeOf(layer.outShape)).toBe(m * oh * ow);
  });
});
