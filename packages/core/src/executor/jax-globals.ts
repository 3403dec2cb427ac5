/**
 * The types of jax-js and of valibot name globals that not every compiler's `lib` has: those of WebGPU, `Blob` and `File`,
 * which are the DOM's, and `Float16Array`, of ES2025. They are declared here as far as needed, so that programs that import core compile without
 * `skipLibCheck`. If the `lib` has them too, these declarations add nothing.
 */
declare global {
  interface GPUDevice {}
  interface GPUBuffer {}
  interface Blob {}
  interface File {}
  interface Float16Array<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    readonly buffer: TArrayBuffer;
  }
}

export {};
