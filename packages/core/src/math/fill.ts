import { lazy } from "../on-demand.js";
import { code } from "./fill-code.js";
import type { RngState } from "./xoshiro.js";
import { atEdge, edges, ratios } from "./ziggurat.js";

/** Addresses in the memory of `fill.wat`. */
const PLACES = { state: 0, edges: 1024, ratios: 3072, numbers: 65536 };

/** Capacity of its memory, in numbers. */
const ROOM = 16384;

/** The code of `fill.wat`, or undefined if the page may not compile WebAssembly. */
const opened = lazy(() => {
  try {
    const bytes = Uint8Array.from(atob(code), (c) => c.charCodeAt(0));
    const ziggurat = { atEdge: (strip: number, u: number): number => atEdge(state, strip, u) };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { ziggurat });
    const { memory, fill } = exports as {
      memory: WebAssembly.Memory;
      fill(this: void, normal: number, end: number): void;
    };
    const buffer = memory.buffer; // it does not grow
    const state = new Int32Array(buffer, PLACES.state, 4);
    const numbers = new Float32Array(buffer, PLACES.numbers, ROOM);
    new Float64Array(buffer, PLACES.edges).set(edges);
    new Float64Array(buffer, PLACES.ratios).set(ratios);
    return { state, numbers, fill };
  } catch {
    return undefined;
  }
});

/**
 * Fills an array with random numbers of a distribution, with the same final state as single draws. Returns the count of
 * numbers written: all, or 0 without WebAssembly.
 */
export function fill(distribution: "uniform" | "normal", state: RngState, out: Float32Array): number {
  const kernel = opened();
  if (kernel === undefined) return 0;
  kernel.state.set(state);
  for (let i = 0; i < out.length; i += ROOM) {
    const count = Math.min(ROOM, out.length - i);
    kernel.fill(distribution === "normal" ? 1 : 0, PLACES.numbers + 4 * count);
    out.set(kernel.numbers.subarray(0, count), i);
  }
  state.set(kernel.state);
  return out.length;
}
