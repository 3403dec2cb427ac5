/** A layer as a map of vectors, its noise as extra coordinates, and that map's log |det|. */
import { jacfwd, numpy as np } from "@jax-js/jax";
import { mapNoise, type NoiseSpec, type NoiseTree } from "../noise.js";
import { treeLeaves } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import { numbersOf } from "./arrays.js";
import { logAbsDet, logNormal, sum, toRows } from "./plain.js";
import { declarationsOf, noiseSize, type Prepared } from "./prepare.js";
import type { Subject } from "./subject.js";

/**
 * How the contribution of a layer follows from a square Jacobian:
 *
 * - `bijective`: x ↦ z
 * - `increasing`: (x, ε) ↦ z, the drawn ε as extra inputs
 * - `reducing`: (z, ε) ↦ x, the inverse with its drawn ε as extra inputs
 * - `dequantizing`: ε ↦ z, for x that is a set of points
 */
export type Kind = "bijective" | "increasing" | "reducing" | "dequantizing";

/** Undefined where the noises do not make up the difference of sizes. */
export function kindOf({ layer }: Pick<Subject, "layer">): Kind | undefined {
  const [n, m] = [sizeOf(layer.inShape), sizeOf(layer.outShape)];
  const [drawn, dropped] = [noiseSize(layer.forwardNoise), noiseSize(layer.inverseNoise)];
  if (drawn === 0 && dropped === 0 && n === m) return "bijective";
  if (dropped === 0 && n + drawn === m) return "increasing";
  if (drawn === 0 && m + dropped === n) return "reducing";
  if (dropped === 0 && n === m && drawn === n) return "dequantizing";
  return undefined;
}

/** The first example's noises, one after the other. */
async function flatNoise(noise: NoiseTree): Promise<number[]> {
  const all: number[] = [];
  for (const leaf of treeLeaves<np.Array>(noise)) all.push(...(await numbersOf(leaf)));
  return all;
}

/** A vector's parts as the noises of one example. */
function noiseFrom(spec: NoiseSpec, v: np.Array, start: number): NoiseTree {
  let at = start;
  const tree = mapNoise(spec, ({ shape }) => {
    const part = v.ref.slice([at, at + sizeOf(shape)]).reshape([1, ...shape]);
    at += sizeOf(shape);
    return part;
  });
  v.dispose();
  return tree;
}

/** Σ log r(ε) of declared noises, in order. */
function logLaw(spec: NoiseSpec, values: readonly number[]): number {
  let at = 0;
  return sum(
    declarationsOf(spec).map(({ shape, distribution }) => {
      const part = values.slice(at, at + sizeOf(shape));
      at += sizeOf(shape);
      return distribution === "uniform" ? 0 : sum(part.map((v) => logNormal(v)));
    }),
  );
}

/** log |det| of the Jacobian of a map of vectors, in float64. */
export async function logDet(f: (v: np.Array) => np.Array, at: readonly number[]): Promise<number> {
  const jacobian = jacfwd(f)(np.stack(at.map((v) => np.full([], v, { dtype: np.float64 }))));
  return logAbsDet(toRows(await numbersOf(jacobian), at.length));
}

/** The contribution to one example, in float64, from the Jacobian alone, and what `forward` says it is. */
export async function contributions(
  prepared: Prepared,
  kind: Kind,
): Promise<{ ours: number; expected: number }> {
  const { subject, params } = prepared;
  const { layer } = subject;
  const [n, m] = [sizeOf(layer.inShape), sizeOf(layer.outShape)];
  const [x, z] = [await numbersOf(prepared.x(1)), await numbersOf(prepared.z(1))];
  const drawn = await flatNoise(prepared.forwardNoise(1));
  const dropped = await flatNoise(prepared.inverseNoise(1));
  const forward = (v: np.Array, xs: np.Array, at: number): np.Array => {
    const noise = noiseFrom(layer.forwardNoise, v, at);
    const { z: out, contribution } = layer.forward(params(), xs.reshape([1, ...layer.inShape]), noise);
    contribution.dispose();
    return out.reshape([-1]);
  };
  const inverse = (v: np.Array): np.Array => {
    const head = v.ref.slice([0, m]).reshape([1, ...layer.outShape]);
    return layer.inverse(params(), head, noiseFrom(layer.inverseNoise, v, m)).reshape([-1]);
  };
  const read = async (input: np.Array): Promise<number> => {
    const result = layer.forward(params(), input, prepared.forwardNoise(1));
    result.z.dispose();
    return (await numbersOf(result.contribution))[0] as number;
  };
  switch (kind) {
    case "bijective":
    case "increasing": {
      const det = await logDet((v) => forward(v.ref, v.slice([0, n]), n), [...x, ...drawn]);
      return { ours: await read(prepared.x(1)), expected: det - logLaw(layer.forwardNoise, drawn) };
    }
    case "dequantizing": {
      const det = await logDet((v) => forward(v, prepared.x(1), 0), drawn);
      return { ours: await read(prepared.x(1)), expected: det - logLaw(layer.forwardNoise, drawn) };
    }
    case "reducing": {
      const det = await logDet(inverse, [...z, ...dropped]);
      const drawnX = layer.inverse(params(), prepared.z(1), prepared.inverseNoise(1));
      return { ours: await read(drawnX), expected: logLaw(layer.inverseNoise, dropped) - det };
    }
  }
}
