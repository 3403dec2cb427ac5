import type { Manifold, ManifoldSpec } from "../layer.js";

/** A leaf of a parameter tree: its path (`"1.dropped.network.0.weight"`), and how it may move. */
export type Leaf = Readonly<{ path: string; manifold: Manifold | "euclidean" }>;

const isNode = (value: unknown): value is { [name: string]: unknown } =>
  Array.isArray(value) || (typeof value === "object" && value !== null && value.constructor === Object);

/** The leaves of a parameter tree in the order of `tree.flatten`, with their paths and manifolds. */
export function leavesOf(params: object, spec: ManifoldSpec): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (node: unknown, at: ManifoldSpec | undefined, path: string): void => {
    if (!isNode(node)) {
      leaves.push({ path, manifold: typeof at === "string" ? at : "euclidean" });
      return;
    }
    for (const [name, child] of Object.entries(node)) {
      const below =
        typeof at === "string" ? at : (at as { [name: string]: ManifoldSpec } | undefined)?.[name];
      walk(child, below, path ? `${path}.${name}` : name);
    }
  };
  walk(params, spec, "");
  return leaves;
}
