import { DomainError } from "@flowify/core";
import type { BitStack } from "./bit-stack.js";

/** Numbers are coded as multiples of 2⁻²⁰. */
export const UNIT = 2 ** -20;

/** Numbers on the grid as float32, for networks: the same on both sides. */
export const toFloats = (grid: ArrayLike<number>): Float32Array => Float32Array.from(grid, (v) => v * UNIT);

/** The nearest multiple of the unit. */
export const toGrid = (value: number): number => Math.round(value / UNIT);

/**
 * One part of a flow on the grid, as a map of integers that can be undone. `encode` takes x to z; where the map stretches
 * volumes by eᴸ it takes L / ln 2 bits off the stack, and what it drops it pushes there. `decode` is the inverse to the bit, of
 * the stack as well. Both may overwrite their argument.
 */
export type GridCoder = Readonly<{
  encode(x: Float64Array, bits: BitStack): Promise<Float64Array>;
  decode(z: Float64Array, bits: BitStack): Promise<Float64Array>;
  /** Frees what networks inside of it hold. */
  dispose(): void;
}>;

/** A coder without networks. */
export const plainCoder = (
  encode: (x: Float64Array, bits: BitStack) => Float64Array,
  decode: (z: Float64Array, bits: BitStack) => Float64Array,
): GridCoder => ({
  encode: async (x, bits) => encode(x, bits),
  decode: async (z, bits) => decode(z, bits),
  dispose() {},
});

/** Applies the first coder first. */
export const inOrder = (coders: readonly GridCoder[]): GridCoder => ({
  async encode(x, bits) {
    let z = x;
    for (const coder of coders) z = await coder.encode(z, bits);
    return z;
  },
  async decode(z, bits) {
    let x = z;
    for (const coder of coders.toReversed()) x = await coder.decode(x, bits);
    return x;
  },
  dispose() {
    for (const coder of coders) coder.dispose();
  },
});

/** z[i] = x[from[i]], a permutation. */
export const moved = (from: ArrayLike<number>): GridCoder =>
  plainCoder(
    (x) => Float64Array.from(from, (i) => x[i]!),
    (z) => {
      const x = new Float64Array(z.length);
      for (let i = 0; i < z.length; i++) x[from[i]!] = z[i]!;
      return x;
    },
  );

/** z = x + shift, for rows of as many entries as there are shifts. */
export function shifted(shift: ArrayLike<number>): GridCoder {
  const steps = Float64Array.from(shift, toGrid);
  const add = (sign: number) => (v: Float64Array) => v.map((a, i) => a + sign * steps[i % steps.length]!);
  return plainCoder(add(1), add(-1));
}

/** Largest integer that sums and products on the grid may reach. */
const LARGEST = 2 ** 52;

/** @throws DomainError for a number that the grid does not hold */
export function expectOnGrid(value: number): number {
  if (Math.abs(value) < LARGEST) return value;
  throw new DomainError(
    `compress: a coordinate of the latent reaches ${value * UNIT}, more than numbers on the grid hold; leave the example out`,
  );
}

/** Different coders for sections of the entries, in order; each keeps the length of its section. */
export const inSections = (
  sections: readonly Readonly<{ length: number; coder: GridCoder }>[],
): GridCoder => {
  const ends = sections.map((_, k) => sections.slice(0, k + 1).reduce((sum, { length }) => sum + length, 0));
  const slice = (v: Float64Array, k: number): Float64Array =>
    v.slice(ends[k]! - sections[k]!.length, ends[k]);
  return {
    async encode(x, bits) {
      for (const [k, { coder, length }] of sections.entries())
        x.set(await coder.encode(slice(x, k), bits), ends[k]! - length);
      return x;
    },
    async decode(z, bits) {
      for (const [k, { coder, length }] of [...sections.entries()].toReversed())
        z.set(await coder.decode(slice(z, k), bits), ends[k]! - length);
      return z;
    },
    dispose() {
      for (const { coder } of sections) coder.dispose();
    },
  };
};
