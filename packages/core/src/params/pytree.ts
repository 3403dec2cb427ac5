import { type JsTree, tree } from "@jax-js/jax";

/**
 * jax-js's tree functions with the types of any leaf: its declarations are for arrays, but the functions treat anything
 * other than a plain object or an array as a leaf.
 */
export const treeLeaves = tree.leaves;
export const treeMap = tree.map as unknown as <T, U>(f: (leaf: T) => U, t: JsTree<T>) => JsTree<U>;
export const treeDispose = tree.dispose;
export const treeRef = tree.ref;

export function treeFlatten<T>(t: JsTree<T>): {
  leaves: T[];
  rebuild: <U>(leaves: readonly U[]) => JsTree<U>;
} {
  const [leaves, treedef] = tree.flatten(t as never) as unknown as [T[], tree.JsTreeDef];
  const unflatten = tree.unflatten as unknown as <U>(d: tree.JsTreeDef, l: Iterable<U>) => JsTree<U>;
  return { leaves, rebuild: (values) => unflatten(treedef, values) };
}
