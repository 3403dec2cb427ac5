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

/** A memory with the functions that work in it, for so many numbers. */
type Room = Readonly<{ numbers: number; memory: WebAssembly.Memory; kernels: Kernels }>;

/** The largest room that is not in use: a new one takes longer than a small product, and is slow at first. Larger ones are not kept. */
let free: Room | undefined;
const MOST_KEPT = 2 ** 22;

function newRoom(numbers: number): Room {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((8 * numbers) / PAGE), maximum: PAGE });
  const instance = new WebAssembly.Instance(compiled(), { host: { memory } });
  return { numbers, memory, kernels: instance.exports as Kernels };
}

/**
 * The functions of `eigen.wat` with a memory that is theirs alone until `close`. `allocate` returns arrays of zeros in it, at addresses that 64
 * divides.
 */
export function openEigenKernels(numbers: number): {
  kernels: Kernels;
  allocate: (length: number) => Float64Array;
  close: () => void;
} {
  const room = free && free.numbers >= numbers ? free : newRoom(numbers);
  if (room === free) free = undefined;
  let used = 0;
  const allocate = (length: number): Float64Array => {
    const array = new Float64Array(room.memory.buffer, used, length).fill(0);
    used += 64 * Math.ceil(length / 8);
    return array;
  };
  const close = (): void => {
    if (room.numbers <= MOST_KEPT && room.numbers > (free?.numbers ?? 0)) free = room;
  };
  return { kernels: room.kernels, allocate, close };
}
