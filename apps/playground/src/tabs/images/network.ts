import type { Network, NetworkLayer } from "@flowify/core";
import type { Examples } from "@flowify/core/internal";
import { type ImageShape, type ImagesConfig, numbersOf } from "./config.js";

/** Bins of the spline of each pixel: the page has about a thousand images, too few for more. */
const BINS = 16;

/** The dense network of a configuration: a spline for each pixel, then layers with a spline after each but the last. */
export function imagesNetwork({ widths }: Pick<ImagesConfig, "widths">, shape: ImageShape): Network {
  const dense = widths.flatMap((out, i): NetworkLayer[] => [
    { kind: "linear", out },
    ...(i < widths.length - 1 ? [{ kind: "rqSpline" } as const] : []),
  ]);
  return {
    inShape: shape,
    layers: [{ kind: "dequantize" }, { kind: "marginal", bins: BINS }, { kind: "flatten" }, ...dense],
  };
}

/** Images, one after another in memory. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Every sixth image is held out. */
export function splitImages(images: Uint8Array, shape: ImageShape): { train: Examples; heldOut: Uint8Array } {
  const size = numbersOf(shape);
  const all = Array.from({ length: images.length / size }, (_, i) =>
    images.subarray(i * size, (i + 1) * size),
  );
  const train = joined(all.filter((_, i) => i % 6 !== 5));
  return {
    train: { examples: train, count: train.length / size },
    heldOut: joined(all.filter((_, i) => i % 6 === 5)),
  };
}
