import { type GridCoder, plainCoder, UNIT } from "./grid.js";
import type { GridNetwork } from "./grid-network.js";
import { type NumberCoder, normalsCoder } from "./normals.js";
import { popUniform, pushUniform } from "./uniform.js";

export type DropOptions = Readonly<{
  /** Places of the entries that are dropped, and of those that stay. */
  dropped: readonly number[];
  kept: readonly number[];
  /** Where what stays goes; its result is the context. */
  next: GridCoder;
  /** Weights [K, m], means and stds [K, N] of the normals that the N dropped entries have, given the context. */
  density: GridNetwork;
}>;

/** Drops coordinates: they are pushed under their density given what is kept, −log₂ q(dropped | z) bits. */
export function dropping({ dropped, kept, next, density }: DropOptions): GridCoder {
  const coderFor = async (context: Float64Array) => {
    const [weights, means, stds] = await density.run(context);
    return normalsCoder(
      { weights: weights as Float64Array, means: means as Float64Array, stds: stds as Float64Array },
      dropped.length,
    );
  };
  return {
    async encode(x, bits) {
      const rest = Float64Array.from(dropped, (i) => x[i]!);
      const z = await next.encode(
        Float64Array.from(kept, (i) => x[i]!),
        bits,
      );
      const { push } = await coderFor(z);
      for (const [i, value] of rest.entries()) push(bits, value, i);
      return z;
    },
    async decode(z, bits) {
      const x = new Float64Array(dropped.length + kept.length);
      const { pop } = await coderFor(z);
      for (let i = dropped.length - 1; i >= 0; i--) x[dropped[i]!] = pop(bits, i);
      const rest = await next.decode(z, bits);
      for (const [i, place] of kept.entries()) x[place] = rest[i]!;
      return x;
    },
    dispose() {
      next.dispose();
      density.dispose();
    },
  };
}

/** Uniform on [low, low + 1). */
export function uniformNumbers(low: number): NumberCoder {
  const first = low / UNIT;
  return {
    push: (bits, value) => pushUniform(bits, value - first, 1 / UNIT),
    pop: (bits) => first + popUniform(bits, 1 / UNIT),
  };
}

/** N(0, std²) for numbers in any place. */
export const normalNumbers = (std: number): NumberCoder =>
  normalsCoder({ weights: [1], means: [0], stds: [std] }, 1, () => 0);

/**
 * Adds coordinates: z[i] = x[from[i]], or, where from[i] < 0, noise that is popped from the stack: + log₂ r(noise) bits.
 * `noise` codes them in their order.
 */
export function appending(from: readonly number[], { push, pop }: NumberCoder): GridCoder {
  const added = from.flatMap((source, i) => (source < 0 ? [i] : []));
  return plainCoder(
    (x, bits) => {
      const z = Float64Array.from(from, (source) => (source < 0 ? 0 : x[source]!));
      for (const [i, place] of added.entries()) z[place] = pop(bits, i);
      return z;
    },
    (z, bits) => {
      for (let i = added.length - 1; i >= 0; i--) push(bits, z[added[i]!]!, i);
      const x = new Float64Array(z.length - added.length);
      for (const [i, source] of from.entries()) if (source >= 0) x[source] = z[i]!;
      return x;
    },
  );
}
