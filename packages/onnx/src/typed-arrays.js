/** The typed arrays of the types that a program's inputs and outputs have. JavaScript, so that the threads of `workers/` share it. */
export const typedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};
