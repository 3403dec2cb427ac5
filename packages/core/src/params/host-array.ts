import type { DType } from "@jax-js/jax";
import type { Shape } from "../shape.js";

/** Numbers in the memory of the host. */
export type HostData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** An array in the memory of the host: row-major data. A class, so that trees treat it as a leaf. */
export class HostArray {
  constructor(
    readonly data: HostData,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}
