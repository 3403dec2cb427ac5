import { numpy as np, random } from "@jax-js/jax";
import { isShapeKey, keyBits } from "../math/keys.js";
import { type HostMatrix, randomOrthogonal } from "../math/linalg.js";
import { makeRng } from "../math/rng.js";
import { floats } from "../params/host.js";
import type { ParameterKind } from "../params/parameter-paths.js";
import { countOf } from "../shape.js";

/**
 * An n × n orthogonal matrix as a parameter.
 *
 * - `manifold` (default): the parameter is R itself, kept orthogonal by the optimizer. Reaches all of
 *   O(n), so it can hold any given matrix; no exponential in the forward or backward pass.
 * - `expm`: R = exp(A − Aᵀ), A free (Lezcano-Casado 2019): the paper's, slow, R in SO(n).
 */
export type Orthogonal = Readonly<{
  /** How the optimizer has to move the parameter; undefined for Euclidean. */
  parameterKind: ParameterKind | undefined;
  init(key: np.Array): np.Array;
  /** The parameter that holds R. Throws where it cannot hold a given one. */
  fromMatrix(r: HostMatrix): np.Array;
  /** R [n, n]; consumes the parameter. */
  matrix(param: np.Array): np.Array;
}>;

export type OrthogonalKind = "manifold" | "expm";

export function orthogonal(kind: OrthogonalKind, n: number): Orthogonal {
  return kind === "manifold" ? manifoldOrthogonal(n) : expmOrthogonal(n);
}

export const toDevice = (m: HostMatrix): np.Array => floats(Float32Array.from(m.data), [m.rows, m.columns]);

const manifoldOrthogonal = (n: number): Orthogonal => ({
  parameterKind: "orthogonal",
  init(key) {
    if (isShapeKey(key)) {
      key.dispose();
      return np.eye(n);
    }
    const seed = keyBits(key);
    return toDevice(randomOrthogonal(makeRng(seed), n));
  },
  fromMatrix: toDevice,
  matrix: (r) => r,
});

const expmOrthogonal = (n: number): Orthogonal => ({
  parameterKind: undefined,
  init: (key) => random.normal(key, [n, n]),
  fromMatrix() {
    throw new RangeError(
      "orthogonal: the expm parameter is not made from a given matrix; use the manifold parameter",
    );
  },
  matrix: (a) => expm(a.ref.sub(np.transpose(a)), squaringsFor(n)),
});

/** Squarings that bring A − Aᵀ with N(0, 1) entries (spectral norm about 2√(2n)) with a margin of 4 below ½. */
const squaringsFor = (n: number): number => Math.max(2, Math.ceil(Math.log2(16 * Math.sqrt(2 * n))));

const TAYLOR_TERMS = 12;

/**
 * The matrix exponential by scaling and squaring: Taylor's series of exp(M / 2^s) (error below 1e-15
 * where its norm is at most ½), squared s times. Differentiable as written.
 */
function expm(m: np.Array, squarings: number): np.Array {
  const n = countOf(m);
  const scaled = m.mul(2 ** -squarings);
  const identity = np.eye(n, n, { dtype: scaled.dtype });
  // Horner: I + X (I + X/2 (I + X/3 (…)))
  let sum = identity.ref;
  for (let k = TAYLOR_TERMS; k >= 1; k--) sum = identity.ref.add(np.matmul(scaled.ref, sum).mul(1 / k));
  identity.dispose();
  scaled.dispose();
  for (let i = 0; i < squarings; i++) sum = np.matmul(sum.ref, sum);
  return sum;
}
