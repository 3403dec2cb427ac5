/**
 * How a parameter may move: `"orthogonal"`, a square matrix R that the optimizer keeps at RᵀR = I;
 * `"fixed"`, a number that training leaves alone. `"fitted"` is a fixed one that can be set again from more data, whatever training
 * has made of the others. `"kernel"` is the Euclidean one of a convolution, which Muon moves as a matrix. All others are Euclidean.
 */
export type ParameterKind = "orthogonal" | "fixed" | "fitted" | "kernel";

/**
 * Which parameters are not Euclidean: a partial tree in the shape of the parameters. A leaf that
 * stands over a whole subtree holds for all of it.
 */
export type ParameterKinds =
  | ParameterKind
  | readonly ParameterKinds[]
  | { readonly [name: string]: ParameterKinds };

/** A leaf of a parameter tree: its path (`"1.dropped.network.0.weight"`), its kind, and its kind among those that are fixed or Euclidean. */
export type ParameterPath = Readonly<{
  path: string;
  kind: "orthogonal" | "fixed" | "euclidean";
  as?: "fitted" | "kernel";
}>;

/** How training moves a leaf: `"kernel"` by Muon; the others by their kinds. */
export type TrainedPath = Readonly<{ path: string; kind: ParameterPath["kind"] | "kernel" }>;

const isNode = (value: unknown): value is { [name: string]: unknown } =>
  Array.isArray(value) || (typeof value === "object" && value !== null && value.constructor === Object);

/** The leaves of a parameter tree in the order of `tree.flatten`, with their paths and parameterKinds. */
export function parameterPaths(params: unknown, spec: ParameterKinds): ParameterPath[] {
  const leaves: ParameterPath[] = [];
  const walk = (node: unknown, at: ParameterKinds | undefined, path: string): void => {
    if (!isNode(node)) {
      if (at === "fitted") leaves.push({ path, kind: "fixed", as: at });
      else if (at === "kernel") leaves.push({ path, kind: "euclidean", as: at });
      else leaves.push({ path, kind: typeof at === "string" ? at : "euclidean" });
      return;
    }
    for (const [name, child] of Object.entries(node)) {
      const below =
        typeof at === "string" ? at : (at as { [name: string]: ParameterKinds } | undefined)?.[name];
      walk(child, below, path ? `${path}.${name}` : name);
    }
  };
  walk(params, spec, "");
  return leaves;
}
