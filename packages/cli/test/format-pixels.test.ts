import type { Network, NetworkLayer } from "@flowify/core";
import { expect, it } from "vitest";
import { networkOfPixels, ownNormalization } from "../src/networks/pixels.js";

const affine = (scale: number[], shift: number[]): NetworkLayer => ({
  kind: "affine",
  scale: Float32Array.from(scale),
  shift: Float32Array.from(shift),
});
const first = (...layers: NetworkLayer[]): Network => ({
  inShape: [3, 4, 4],
  layers: [...layers, { kind: "flatten" }, { kind: "linear", out: 2 }],
});

it.each<[string, Network, "raw" | undefined]>([
  ["x / 255", first(affine([1 / 255], [0])), "raw"],
  ["x / 127.5 − 1", first(affine([1 / 127.5], [-1])), "raw"],
  ["(x − mean) / std of each channel", first(affine([0.0171, 0.0175, 0.0174], [-2.1, -2.0, -1.8])), "raw"],
  ["x − mean", first({ kind: "transpose", order: [0, 1, 2] }, affine([1], [-123.7])), "raw"],
  ["(x − 0.1307) / 0.3081", first(affine([3.25], [-0.42])), undefined],
  ["numbers up to 1, folded from a batch norm", first(affine([1.2, 0.3, 4], [-0.5, 0.2, -2])), undefined],
  ["none", first(), undefined],
])("a given network that begins with %s", (_, network, expected) => {
  expect(ownNormalization(network)).toBe(expected);
});

it("pixels go as they are into a network that scales them, unless another normalization is named", () => {
  const own = first(affine([1 / 255], [0]));
  const scaleOf = (normalization?: "raw" | { mean: number[]; std: number[] }): number => {
    const layer = networkOfPixels(own, [3, 4, 4], normalization).network.layers[1];
    return layer?.kind === "affine" ? (layer.scale?.[0] ?? Number.NaN) : Number.NaN;
  };
  expect(scaleOf()).toBe(256);
  expect(scaleOf({ mean: [0], std: [1] })).toBeCloseTo(256 / 255, 6);
});
