import { lazy } from "../on-demand.js";
import { code } from "./eigen-code.js";

/** The functions of `eigen.wat`; addresses in bytes. */
type Kernels = {
  copyStrip(from: number, fromPitch: number, to: number, toPitch: number, rows: number): void;
  rotate(at: number, cosine: number, sine: number, count: number): void;
  reflect(row: number, pitch: number, rows: number, vectors: number, width: number, factors: number): void;
  multiply(a: number, bytes: number, strips: number, b: number, c: number, pitch: number): void;
  updateRows(
    row: number,
    next: number,
    bytes: number,
    v: number,
    q: number,
    u: number,
    product: number,
    own: number,
  ): void;
};

const compiled = lazy(() => new WebAssembly.Module(Uint8Array.from(atob(code), (c) => c.charCodeAt(0))));

const PAGE = 65536;

/** The functions of `eigen.wat` with a new memory. `allocate` returns arrays in it, at addresses that 64 divides; after `restart` the same again. */
export function openEigenKernels(numbers: number): {
  kernels: Kernels;
  allocate: (length: number) => Float64Array;
  restart: () => void;
} {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((8 * numbers) / PAGE), maximum: PAGE });
  const instance = new WebAssembly.Instance(compiled(), { host: { memory } });
  let used = 0;
  const allocate = (length: number): Float64Array => {
    const array = new Float64Array(memory.buffer, used, length);
    used += 64 * Math.ceil(length / 8);
    return array;
  };
  const restart = (): void => {
    used = 0;
  };
  return { kernels: instance.exports as Kernels, allocate, restart };
}
