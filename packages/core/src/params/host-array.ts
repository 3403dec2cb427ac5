import type { DType } from "@jax-js/jax";
import type { Shape } from "../shape.js";

/** Numbers in the memory of the host. */
export type HostData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/**
 * An array in the memory of the host: row-major data. A class, so that trees treat it as a leaf.
 *
 * @example
 * ```ts
 * import { HostArray } from "@flowify/core";
 * import { numpy } from "@jax-js/jax";
 *
 * const weights = new HostArray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3], numpy.float32);
 * console.log(weights.shape);
 * // [ 2, 3 ]
 * ```
 */
export class HostArray {
  constructor(
    readonly data: HostData,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}
