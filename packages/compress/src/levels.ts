import { bend, type Increasing, unbend } from "./curve.js";
import { type GridCoder, UNIT } from "./grid.js";
import { popUniform, pushUniform } from "./uniform.js";

/** The noise of dequantization: for all entries, functions of [0, 1) onto itself that take uniform numbers to u. */
type Noise = Readonly<{ given(x: Float64Array): Promise<Increasing>; dispose(): void }>;

/**
 * z = (x + u) / levels for integers x of 0 … levels − 1: u is popped, and pushed again by `decode`, which finds x as the
 * integer part of levels · z. `noise` bends uniform numbers to u; without it u is uniform.
 */
export function dequantized(levels: number, noise?: Noise): GridCoder {
  /** Where the grid points of a level begin. */
  const edge = (x: number): number => Math.ceil(x / levels / UNIT);
  /** The function on the grid points of one level, width of them. */
  const within = (f: Increasing, width: number): Increasing => {
    const length = width * UNIT;
    return {
      value: (i, e) => f.value(i, e / length) * length,
      inverse: (i, u) => f.inverse(i, u / length) * length,
    };
  };
  return {
    async encode(x, bits) {
      const f = await noise?.given(x);
      return x.map((level, i) => {
        const width = edge(level + 1) - edge(level);
        const e = popUniform(bits, width);
        return edge(level) + (f ? bend(within(f, width), i, e, bits) : e);
      });
    },
    async decode(z, bits) {
      const x = z.map((value) => {
        const level = Math.min(Math.max(Math.floor(value * UNIT * levels), 0), levels - 1);
        return value < edge(level) ? level - 1 : value >= edge(level + 1) ? level + 1 : level;
      });
      const f = await noise?.given(x);
      for (let i = x.length - 1; i >= 0; i--) {
        const width = edge(x[i]! + 1) - edge(x[i]!);
        const u = z[i]! - edge(x[i]!);
        pushUniform(bits, f ? unbend(within(f, width), i, u, bits) : u, width);
      }
      return x;
    },
    dispose() {
      noise?.dispose();
    },
  };
}
