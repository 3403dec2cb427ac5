/** The typed arrays of the types that a program's inputs and outputs have. */
export declare const typedArrays: {
  readonly float32: Float32ArrayConstructor;
  readonly float64: Float64ArrayConstructor;
  readonly int32: Int32ArrayConstructor;
  readonly uint32: Uint32ArrayConstructor;
  readonly bool: Uint8ArrayConstructor;
};
