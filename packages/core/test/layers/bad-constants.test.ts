/** Constants of a given network that no flow can have are refused when it is built, by name. */
import { describe, expect, it } from "vitest";
import { DomainError, ShapeError } from "../../src/errors.js";
import { flowify } from "../../src/flowify.js";
import type { NetworkLayer } from "../../src/network/network.js";

const refused: readonly (readonly [
  what: string,
  layer: NetworkLayer,
  kind: typeof DomainError,
  message: string,
])[] = [
  [
    "a scale of zero",
    { kind: "affine", scale: Float32Array.of(1, 0) },
    DomainError,
    "affine[1]: affine: channel 1 is multiplied by 0, which no inverse undoes; leave the channel out of the network",
  ],
  [
    "a scale that is tiny beside another, of an entry",
    { kind: "affine", scale: Float32Array.of(1, 1, 1, 1, 1, 2 ** -20) },
    DomainError,
    "affine[1]: affine: channel 1 is multiplied by 9.5367431640625e-7",
  ],
  [
    "a scale of NaN",
    { kind: "affine", scale: Float32Array.of(Number.NaN) },
    DomainError,
    "affine[1]: affine: channel 0 is multiplied by NaN",
  ],
  [
    "an infinite shift",
    { kind: "affine", shift: Float32Array.of(0, Number.POSITIVE_INFINITY) },
    DomainError,
    "affine[1]: affine: channel 1 is shifted by Infinity",
  ],
  [
    "scales for nothing",
    { kind: "affine", scale: Float32Array.of(1, 2, 3) },
    ShapeError,
    "affine[1]: affine: 3 scales for [B, 2, 3]: give one, one a channel or one an entry",
  ],
  [
    "min above max",
    { kind: "clip", min: 2, max: 1 },
    DomainError,
    "clip[1]: clip: min must be less than max, got 2 and 1",
  ],
  [
    "a clip at NaN",
    { kind: "clip", min: Number.NaN },
    DomainError,
    "clip[1]: clip: min: expected a finite number, found NaN",
  ],
  [
    "a clip of nothing",
    { kind: "clip" },
    DomainError,
    "clip[1]: clip: cuts nothing off; give min, max or both",
  ],
];

describe("refused when it is built", () => {
  it.each(refused)("%s", (_, layer, kind, message) => {
    const build = (): unknown =>
      flowify({ inShape: [6], layers: [{ kind: "reshape", shape: [2, 3] }, layer] });
    expect(build).toThrow(kind);
    expect(build).toThrow(message);
  });
});
