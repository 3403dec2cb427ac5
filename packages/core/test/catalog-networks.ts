/** The catalog's layers that given networks need. */
import { affine } from "../src/layers/affine.js";
import { clip, relu } from "../src/layers/relu.js";
import type { CatalogEntry } from "./catalog.js";
import { entry } from "./catalog-images.js";

const affines: readonly CatalogEntry[] = [
  entry(
    "affine of an entry each",
    "affine",
    affine([3], { scale: Float32Array.of(2, -0.5, 1), shift: Float32Array.of(1, 0, -3) }),
  ),
  entry(
    "affine of channels, one shift",
    "affine",
    affine([2, 2, 3], { scale: Float32Array.of(-3, 0.1), shift: Float32Array.of(0.5) }),
  ),
  entry(
    "affine of the entries of an image, far scales",
    "affine",
    affine([1, 2, 2], { scale: Float32Array.of(1e-2, -10, 1, 1 / 255) }),
    { batch: 1, condition: 10 },
  ),
  entry("affine that changes nothing", "affine", affine([4])),
];

const cuts: readonly CatalogEntry[] = [
  entry("relu", "relu", relu([5])),
  entry("relu of channels, large", "relu", relu([2, 2, 2]), { scale: 100 }),
  entry("relu of one channel", "relu", relu([1, 2, 3]), { batch: 1 }),
  entry("clip from above", "clip", clip([4], { max: 0.1 })),
  entry("clip at both ends, channels", "clip", clip([3, 2, 2], { min: -0.5, max: 0.5 }), { batch: 4 }),
  entry("clip at both ends, narrow", "clip", clip([6], { min: -1e-3, max: 1e-3 })),
];

export const networkLayers: readonly CatalogEntry[] = [...affines, ...cuts];
