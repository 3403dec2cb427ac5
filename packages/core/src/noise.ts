import { numpy as np } from "@jax-js/jax";
import type { Rng } from "./math/rng.js";
import { HostArray } from "./params/host-array.js";
import { type Shape, sizeOf } from "./shape.js";

/** The distribution of one noise: standard normal, or uniform on [0, 1). */
export type NoiseDistribution = "normal" | "uniform";

/** One noise of a layer: its shape for one example (without the batch axis) and its distribution. */
export type NoiseDeclaration = Readonly<{ shape: Shape; distribution: NoiseDistribution }>;

/** A tree of declarations: a record for a layer, an array for a chain, `{}` for none. */
export type NoiseSpec = NoiseDeclaration | readonly NoiseSpec[] | { readonly [name: string]: NoiseSpec };

/** A tree with one leaf of type `L` for every declaration of a `NoiseSpec`. */
export type NoiseOf<L> = L | NoiseOf<L>[] | { [name: string]: NoiseOf<L> };

/** The drawn noises, [B, …shape], in the tree of their declarations. */
export type NoiseTree = NoiseOf<np.Array>;

/** How a model draws its noises. */
export type DrawOptions = {
  /** Decides the noise. Default 0. */
  seed?: number;
  /** Factor of the normal noises. Default 1. */
  temperature?: number;
};

/** True for a declaration, false for a record of declarations. */
function isNoiseDeclaration(spec: NoiseSpec): spec is NoiseDeclaration {
  return typeof (spec as NoiseDeclaration).distribution === "string";
}

/** Applies `f` to every declaration, keeping the tree. */
export function mapNoise<L>(spec: NoiseSpec, f: (declaration: NoiseDeclaration) => L): NoiseOf<L> {
  if (isNoiseDeclaration(spec)) return f(spec);
  if (Array.isArray(spec)) return (spec as readonly NoiseSpec[]).map((child) => mapNoise(child, f));
  return Object.fromEntries(Object.entries(spec).map(([name, child]) => [name, mapNoise(child, f)]));
}

/** Applies `f` to every leaf of a tree of noises. */
export function mapTreeOfNoise<A extends object, L>(noise: NoiseOf<A>, f: (leaf: A) => L): NoiseOf<L> {
  if (Array.isArray(noise)) return noise.map((child) => mapTreeOfNoise(child, f));
  if (Object.getPrototypeOf(noise) !== Object.prototype) return f(noise as A);
  return Object.fromEntries(
    Object.entries(noise as { [name: string]: NoiseOf<A> }).map(([name, child]) => [
      name,
      mapTreeOfNoise(child, f),
    ]),
  );
}

/** Sizes of a declared noise for a batch. */
export const noiseShape = (declaration: NoiseDeclaration, batch: number): number[] => [
  batch,
  ...declaration.shape,
];

/** The mean of a distribution: 0 for the standard normal, ½ for the uniform one. */
const noiseMean = (distribution: NoiseDistribution): number => (distribution === "normal" ? 0 : 0.5);

/** The noise of deterministic mode as jax arrays: every noise at its mean. */
export function meanNoise(spec: NoiseSpec, batch: number, dtype: np.DType = np.float32): NoiseTree {
  return mapNoise(spec, (d) => np.full(noiseShape(d, batch), noiseMean(d.distribution), { dtype }));
}

/**
 * Draws every noise on the host, in the order of the tree, from one stream of random numbers; the same stream state
 * produces the same noise on every executor.
 *
 * @param temperature factor on the normal noises (1 = the distribution itself; uniform noises do not change).
 */
export const drawNoise = (spec: NoiseSpec, batch: number, rng: Rng, temperature = 1): NoiseOf<HostArray> =>
  noiseDrawer(spec, batch)(rng, temperature);

/** `drawNoise` for many batches of one size: every call overwrites the noise of the one before. */
export function noiseDrawer(
  spec: NoiseSpec,
  batch: number,
): (rng: Rng, temperature?: number) => NoiseOf<HostArray> {
  const fills: ((rng: Rng, temperature: number) => void)[] = [];
  const noise = mapNoise(spec, (declaration) => {
    const shape = noiseShape(declaration, batch);
    const data = new Float32Array(sizeOf(shape));
    fills.push((rng, temperature) => {
      if (declaration.distribution === "normal") {
        rng.fillNormal(data);
        if (temperature !== 1) for (let i = 0; i < data.length; i++) data[i]! *= temperature;
      } else rng.fillUniform(data);
    });
    return new HostArray(data, shape, np.float32);
  });
  return (rng, temperature = 1) => {
    for (const fill of fills) fill(rng, temperature);
    return noise;
  };
}

/** The noise of deterministic mode on the host. */
export function meanHostNoise(spec: NoiseSpec, batch: number): NoiseOf<HostArray> {
  return mapNoise(spec, (declaration) => {
    const shape = noiseShape(declaration, batch);
    const data = new Float32Array(sizeOf(shape)).fill(noiseMean(declaration.distribution));
    return new HostArray(data, shape, np.float32);
  });
}
