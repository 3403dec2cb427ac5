/**
 * How a parameter may move: `"orthogonal"`, a square matrix R that the optimizer keeps at RᵀR = I;
 * `"fixed"`, a number that training leaves alone. All others are Euclidean.
 */
export type ParameterKind = "orthogonal" | "fixed";

/**
 * Which parameters are not Euclidean: a partial tree in the shape of the parameters. A leaf that
 * stands over a whole subtree holds for all of it.
 */
export type ParameterKinds =
  | ParameterKind
  | readonly ParameterKinds[]
  | { readonly [name: string]: ParameterKinds };
