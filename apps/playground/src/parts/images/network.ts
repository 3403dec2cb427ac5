import type { Items, Network, NetworkLayer } from "@flowify/core";
import { type ImagesConfig, PIXELS, SIDE } from "./config.js";

/** The dense network of a configuration: dequantized, whitened pixels, then layers with a spline after each but the last. */
export function imagesNetwork({ widths }: Pick<ImagesConfig, "widths">): Network {
  const dense = widths.flatMap((out, i): NetworkLayer[] => [
    { kind: "linear", out },
    ...(i < widths.length - 1 ? [{ kind: "rqSpline" } as const] : []),
  ]);
  return {
    inShape: [1, SIDE, SIDE],
    layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "whiten" }, ...dense],
  };
}

/** Every sixth image is held out. */
export function splitImages(images: Uint8Array): { train: Items; heldOut: Uint8Array } {
  const count = images.length / PIXELS;
  const pick = (held: boolean): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => i)
      .filter((i) => (i % 6 === 5) === held)
      .map((i) => images.subarray(i * PIXELS, (i + 1) * PIXELS));
  const join = (parts: readonly Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(parts.length * PIXELS);
    parts.forEach((part, i) => {
      out.set(part, i * PIXELS);
    });
    return out;
  };
  const train = join(pick(false));
  return { train: { items: train, count: train.length / PIXELS }, heldOut: join(pick(true)) };
}
