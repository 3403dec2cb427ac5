import type { DType } from "@jax-js/jax";

/** Numbers of an array: a class, so that trees treat it as a leaf. */
export class HostArray {
  constructor(
    readonly data: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}
}
