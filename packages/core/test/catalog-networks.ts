/** The catalog's layers that given networks need. */
import { affine } from "../src/layers/affine.js";
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

export const networkLayers: readonly CatalogEntry[] = [...affines];
