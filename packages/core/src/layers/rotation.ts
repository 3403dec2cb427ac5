import { numpy as np } from "@jax-js/jax";
import type { HostReflections } from "../math/linalg.js";
import type { ParameterKind } from "../params/parameter-paths.js";
import { type Orthogonal, toDevice } from "./orthogonal.js";

/** An orthogonal n × n matrix H = I − Y T Yᵀ that is made of few reflections: Y [n, c] and T [c, c]. */
export type Reflections = { vectors: np.Array; factor: np.Array };

/** The matrix itself, or the reflections that it is made of. */
export type RotationParam = np.Array | Reflections;

/** A rotation R of rows. All functions consume what they are given. */
export type Rotation = Readonly<{
  parameterKind: ParameterKind | undefined;
  /** x R */
  apply(param: RotationParam, x: np.Array): np.Array;
  /** y Rᵀ */
  back(param: RotationParam, y: np.Array): np.Array;
}>;

/** A whole matrix. */
export const denseRotation = ({ parameterKind, matrix }: Orthogonal): Rotation => ({
  parameterKind,
  apply: (param, x) => np.matmul(x, matrix(param as np.Array)),
  back: (param, y) => np.matmul(y, np.transpose(matrix(param as np.Array))),
});

/** R = H with its first c columns moved behind the others, n > c of them: what is kept comes last. */
export const reflectedIn = (n: number, c: number): Rotation => ({
  parameterKind: "fixed",
  apply: (param, x) => roll(reflect(param as Reflections, x, false), c, n),
  back: (param, y) => reflect(param as Reflections, roll(y, n - c, n), true),
});

/** R = Hᵀ: the first c rows are the directions of what was given. */
export const reflectedOut: Rotation = {
  parameterKind: "fixed",
  apply: (param, x) => reflect(param as Reflections, x, true),
  back: (param, y) => reflect(param as Reflections, y, false),
};

export const reflectionsOnDevice = ({ vectors, factor }: HostReflections): Reflections => ({
  vectors: toDevice(vectors),
  factor: toDevice(factor),
});

/** x H, or x Hᵀ, for rows x [N, n]. */
function reflect({ vectors, factor }: Reflections, x: np.Array, transposed: boolean): np.Array {
  const middle = np.matmul(np.matmul(x.ref, vectors.ref), transposed ? np.transpose(factor) : factor); // [N, c]
  return x.sub(np.matmul(middle, np.transpose(vectors)));
}

/** The first c of n columns moved to the end. */
const roll = (x: np.Array, c: number, n: number): np.Array =>
  np.concatenate([x.ref.slice([], [c, n]), x.slice([], [0, c])], 1);
