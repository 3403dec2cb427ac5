import type { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError, UnsupportedOpError } from "../errors.js";
import type { ArrayTree } from "../layer.js";
import {
  completeBasis,
  fullSvd,
  type HostMatrix,
  type HostReflections,
  reflections,
  thinSvd,
} from "../math/linalg.js";
import type { DenseWeights } from "../options.js";
import { floats } from "../params/host.js";
import { toDevice } from "./orthogonal.js";
import { type RotationParam, reflectionsOnDevice } from "./rotation.js";

/** Throws an `UnsupportedOpError` where a plain layer has none. */
export function expectWeights(kind: string, weights: DenseWeights | undefined): DenseWeights {
  if (weights) return weights;
  throw new UnsupportedOpError(kind, kind, `${kind}: has no weights, which a plain network needs`);
}

/** The same map as R₁, s and R₂; `rank` is that of W, the other singular values were floored. */
export type WeightRotations = {
  rotateIn: HostMatrix | HostReflections;
  rotateOut: HostMatrix | HostReflections;
  logScale: Float32Array;
  /** Where n < m: the scale of each augmentation noise. */
  logNoise?: Float32Array;
  bias: Float32Array;
  rank: number;
};

/** Singular values below this part of the largest (of 1 where all are 0) are lifted to it: a flow needs an inverse. */
const SINGULAR_FLOOR = 1e-6;

/** Scale, relative to the largest singular value, of the augmentation noise of a widening layer. */
const NOISE_SCALE = 0.1;

/** Above so many inputs or outputs, a rotation that few weights say something of is kept as reflections. */
const COMPACT_ABOVE = 1024;

/** Which rotation is kept as reflections: that of many inputs, or of many outputs. */
export const compactSide = (n: number, m: number, above = COMPACT_ABOVE): "in" | "out" | undefined =>
  n > m && n > above ? "in" : m > n && m > above ? "out" : undefined;

/**
 * Throws where no map of these weights can be made: `ShapeError` where the numbers do not fill the matrix,
 * `DomainError` for NaN or Infinity.
 */
export function checkWeights({ weight, bias }: DenseWeights, n: number, m: number): void {
  if (weight.length !== n * m)
    throw new ShapeError(`linear: a weight [${m}, ${n}] has ${m * n} entries, got ${weight.length}`);
  if (bias && bias.length !== m)
    throw new ShapeError(`linear: a bias [${m}] has ${m} entries, got ${bias.length}`);
  for (const values of [weight, bias ?? []])
    for (const value of values)
      if (!Number.isFinite(value)) throw new DomainError(`linear: a given weight is ${value}`);
}

/**
 * Wᵀ = R₁ [0; diag(eˢ)] R₂ from the singular value decomposition of W in float64, completed to full
 * orthogonal matrices. The singular directions come last in R₁ for n > m, where the first n − m
 * coordinates are dropped. Weights that `checkWeights` lets pass.
 */
export function weightRotations(
  { weight, bias }: DenseWeights,
  n: number,
  m: number,
  compact?: "in" | "out",
): WeightRotations {
  const w = { rows: m, columns: n, data: Float64Array.from(weight) };
  const { s, ...rotations } = decompose(w, compact);
  const largest = s[0] || 1; // all zero: no scale is known
  const floor = largest * SINGULAR_FLOOR;
  return {
    ...rotations,
    logScale: Float32Array.from(s, (value) => Math.log(Math.max(value, floor))),
    ...(n < m && { logNoise: new Float32Array(m - n).fill(Math.log(largest * NOISE_SCALE)) }),
    bias: bias ? Float32Array.from(bias) : new Float32Array(m),
    rank: s.reduce((count, value) => count + (value > floor ? 1 : 0), 0),
  };
}

function decompose(
  w: HostMatrix,
  compact: "in" | "out" | undefined,
): Pick<WeightRotations, "rotateIn" | "rotateOut"> & { s: Float64Array } {
  if (compact === undefined) {
    const { u, s, v } = fullSvd(w);
    return { s, rotateIn: rollColumns(v, Math.max(w.columns - w.rows, 0)), rotateOut: transpose(u) };
  }
  const { u, s, v } = thinSvd(w);
  // a reflected column is the singular vector or its opposite: then so is its partner
  const { matrix, signs } = reflections(compact === "in" ? v : u);
  if (compact === "in")
    return { s, rotateIn: matrix, rotateOut: transpose(scaleColumns(completeBasis(u), signs)) };
  return { s, rotateIn: scaleColumns(completeBasis(v), signs), rotateOut: matrix };
}

/**
 * The linear map of n numbers to m: R₁ [n, n] and R₂ [m, m] (or the free A of an `expm` parameter, or the fixed
 * reflections that a large one of given weights is made of), s [m] = logScale, b [m] = bias. With given weights
 * and n < m, the last m − n of s, which only the augmentation noise meet, are a parameter of their own, logNoise.
 */
export type LinearMap = {
  rotateIn: RotationParam;
  rotateOut: RotationParam;
  logScale: np.Array;
  logNoise?: np.Array;
  bias: np.Array;
};

/** Parameters of a linear layer: its map, and those of the density of what it drops (`{}` where nothing is). */
export type LinearParams = LinearMap & { dropped: ArrayTree };

/** The parameters that hold them. */
export const pretrainedParams = (given: WeightRotations): LinearMap => ({
  rotateIn: onDevice(given.rotateIn),
  rotateOut: onDevice(given.rotateOut),
  logScale: floats(given.logScale),
  ...(given.logNoise && { logNoise: floats(given.logNoise) }),
  bias: floats(given.bias),
});

const onDevice = (rotation: HostMatrix | HostReflections): RotationParam =>
  "factor" in rotation ? reflectionsOnDevice(rotation) : toDevice(rotation);

const scaleColumns = ({ rows, columns, data }: HostMatrix, factors: Float64Array): HostMatrix => ({
  rows,
  columns,
  data: data.map((value, at) => value * (factors[at % columns] as number)),
});

/** Moves the last `count` columns to the front. */
function rollColumns({ rows, columns, data }: HostMatrix, count: number): HostMatrix {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      out[i * columns + ((j + count) % columns)] = data[i * columns + j] as number;
  return { rows, columns, data: out };
}

function transpose({ rows, columns, data }: HostMatrix): HostMatrix {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j] as number;
  return { rows: columns, columns: rows, data: out };
}
