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

/** Images that stand one after the other. */
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
export function splitImages(images: Uint8Array): { train: Items; heldOut: Uint8Array } {
  const all = Array.from({ length: images.length / PIXELS }, (_, i) =>
    images.subarray(i * PIXELS, (i + 1) * PIXELS),
  );
  const train = joined(all.filter((_, i) => i % 6 !== 5));
  return {
    train: { items: train, count: train.length / PIXELS },
    heldOut: joined(all.filter((_, i) => i % 6 === 5)),
  };
}
