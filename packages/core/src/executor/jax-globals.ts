/**
 * The types of jax-js name three globals that not every compiler's `lib` has: those of WebGPU, which are the DOM's, and
 * `Float16Array`, of ES2025. Declared here, as far as a name needs it, they are known wherever core is imported, so that
 * programs compile without `skipLibCheck`; where the `lib` has them too, these add nothing to them.
 */
declare global {
  interface GPUDevice {}
  interface GPUBuffer {}
  interface Float16Array<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    readonly buffer: TArrayBuffer;
  }
}

export {};
