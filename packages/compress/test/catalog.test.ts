/**
 * The law of layers that can be coded, over the catalog: `decode` gives back the grid numbers and the stack to the bit, z is
 * that of `forward`, and the stack grows by −L / ln 2 bits and 20 for each coordinate that goes, on average over the noise.
 */

import { HostArray, UnsupportedOpError } from "@flowify/core";
import { drawNoise, fromHost, makeRng, sizeOf } from "@flowify/core/layer";
import { numpy as np, tree } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { numbersOf } from "../../core/src/testing/arrays.js";
import { prepare } from "../../core/src/testing/prepare.js";
import { catalog, tagsOf } from "../../core/test/catalog.js";
import type { CatalogEntry } from "../../core/test/support/entry.js";
import { tolerance } from "../../core/test/tolerances.js";
import { storedStack } from "../src/bit-stack.js";
import { type GridCoder, toGrid, UNIT } from "../src/grid.js";
import { layerCoder } from "../src/layer-coder.js";

const EXAMPLES = 6;
/** Noises for each example that the mean of L is taken over. */
const NOISES = 12;

async function coderOf(entry: CatalogEntry): Promise<GridCoder | undefined> {
  const { params } = await prepare(entry, "float32");
  return layerCoder(entry.layer, params() as never).catch((error: unknown) => {
    if (error instanceof UnsupportedOpError) return undefined;
    throw error;
  });
}

/** −L / ln 2 on average over the examples and noises that `forward` draws, and the standard error of a mean of `EXAMPLES`. */
async function bitsOf(entry: CatalogEntry, x: Float64Array): Promise<{ mean: number; error: number }> {
  const { params } = await prepare(entry, "float32");
  const { layer } = entry;
  const copies = Object.keys(layer.forwardNoise).length > 0 ? NOISES : 1;
  const count = (x.length / sizeOf(layer.inShape)) * copies;
  const unit = layer.facts.levels ? 1 : UNIT;
  const repeated = Float32Array.from({ length: x.length * copies }, (_, i) => x[i % x.length]! * unit);
  const input = fromHost(new HostArray(repeated, [count, ...layer.inShape], np.float32));
  const noise = drawNoise(layer.forwardNoise, count, makeRng(5));
  const { z, contribution } = layer.forward(
    params(),
    input,
    tree.map((a: HostArray) => fromHost(a), noise as never),
  );
  z.dispose();
  const values = (await numbersOf(contribution)).map((nats) => -nats / Math.LN2);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, error: copies === 1 ? 0 : Math.sqrt(variance / EXAMPLES) };
}

const far = "numbers far out under a density cost less than it says: at most 24 bits, and 54 more";
const flat = "a slope below 2^-16 counts as 2^-16";
/** Entries that take fewer bits than L says, and why. */
const cheaper: { readonly [name: string]: string } = {
  "linear 3×4 → 2, on an axis": far,
  "kernel 2×2×4 → 1, overlap, to one": far,
  "conv2d 1×4×4 → 2, 2×2 dilation 2": far,
  "linear 4 → 4, given weights of rank 2": flat,
  "linear 5 → 3, given weights of rank 1": flat,
  "rqSpline of 30 bins, steep": flat,
  "conv2d of given weights, 1×1, of rank 1": flat,
  "conv2d of given weights, 2×1, all zero": flat,
};

const codable = await Promise.all(catalog.map(async (entry) => ({ entry, coder: await coderOf(entry) })));

describe("layers on the grid", () => {
  for (const { entry, coder } of codable) {
    if (!coder) continue;
    it(`${entry.name}`, { tags: tagsOf(entry) }, async () => {
      const { layer } = entry;
      const { x: drawn } = await prepare(entry, "float32");
      const numbers = await numbersOf(drawn(EXAMPLES));
      const grid = Float64Array.from(numbers, layer.facts.levels ? (v) => v : toGrid);
      const n = sizeOf(layer.inShape);
      const rng = makeRng(3);
      const words = Uint16Array.from({ length: 4 * EXAMPLES * (n + 200) }, () => rng.bits() >>> 16);
      const given = { words: Uint16Array.from([...words, 1, 2, 3]), prefix: 0, seed: 1 };
      const stack = storedStack(given);
      const before = stack.length();
      const latents: Float64Array[] = [];
      for (let k = 0; k < EXAMPLES; k++)
        latents.push(await coder.encode(grid.slice(k * n, (k + 1) * n), stack));
      const grown = (stack.length() - before) / EXAMPLES;
      const found = new Float64Array(grid.length);
      for (let k = EXAMPLES - 1; k >= 0; k--)
        found.set(await coder.decode(latents[k]!.slice(), stack), k * n);
      coder.dispose();
      expect(found.filter((value, i) => value !== grid[i])).toHaveLength(0);
      expect(stack.store()).toEqual(given);

      const { mean, error } = await bitsOf(entry, grid);
      const wanted = mean + 20 * ((layer.facts.levels ? 0 : n) - sizeOf(layer.outShape));
      const allowed = tolerance("coded") * n + 5 * error;
      const least = entry.name in cheaper ? Number.NEGATIVE_INFINITY : -allowed;
      expect(grown - wanted).toBeLessThan(allowed);
      expect(grown - wanted).toBeGreaterThan(least);
    });
  }

  it("cover what networks of images are made of", () => {
    const coded = new Set(codable.flatMap(({ entry, coder }) => (coder ? entry.of : [])));
    for (const kind of [
      "linear",
      "conv2d",
      "coupling",
      "marginal",
      "whiten",
      "rqSpline",
      "variationalDequantize",
    ])
      expect(coded).toContain(kind);
  });
});
