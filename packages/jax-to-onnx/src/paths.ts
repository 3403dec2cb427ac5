/**
 * The paths of the leaves of a tree, in the order in which jax-js flattens it: `params.0.rotateIn`.
 */
export function leafPaths(node: unknown, prefix: string): string[] {
  if (Array.isArray(node)) return node.flatMap((child, i) => leafPaths(child, join(prefix, String(i))));
  if (typeof node === "object" && node !== null && node.constructor === Object) {
    return Object.entries(node).flatMap(([key, child]) => leafPaths(child, join(prefix, key)));
  }
  return [prefix];
}

const join = (prefix: string, key: string): string => (prefix === "" ? key : `${prefix}.${key}`);
