import { type JsTree, tree } from "@jax-js/jax";

/**
 * jax-js's tree functions with the types of any leaf: its declarations are for arrays, but the functions treat anything
 * other than a plain object or an array as a leaf.
 */
type Trees = Readonly<{
  leaves<T>(t: JsTree<T>): T[];
  map<T, U>(f: (leaf: T) => U, t: JsTree<T>): JsTree<U>;
  flatten<T>(t: JsTree<T>): [leaves: T[], structure: tree.JsTreeDef];
  unflatten<T>(structure: tree.JsTreeDef, leaves: Iterable<T>): JsTree<T>;
}>;
const { leaves: treeLeaves, map: treeMap, flatten, unflatten } = tree as unknown as Trees;

export { treeLeaves, treeMap };
export const treeDispose = tree.dispose;
export const treeRef = tree.ref;

export function treeFlatten<T>(t: JsTree<T>): {
  leaves: T[];
  rebuild: <U>(leaves: readonly U[]) => JsTree<U>;
} {
  const [leaves, structure] = flatten(t);
  return { leaves, rebuild: (values) => unflatten(structure, values) };
}
