/** jax-js's functions on trees and functions, with types for tests that run over layers of every kind. */
import { grad, type JsTree, jit, type numpy as np } from "@jax-js/jax";
import { treeLeaves, treeRef } from "../params/pytree.js";

export type AnyFunction = (...args: never[]) => unknown;

export const arraysOf = (tree: unknown): np.Array[] => treeLeaves(tree as JsTree<np.Array>);

export const call = (f: AnyFunction, args: readonly unknown[]): unknown =>
  (f as (...args: readonly unknown[]) => unknown)(...args);

/** Calls with references, so that the caller keeps what it gives. */
export const callWithRefs = (f: AnyFunction, args: readonly unknown[]): unknown =>
  call(f, treeRef(args as never));

/** The gradient with respect to the first argument. */
export const gradient = (f: AnyFunction): AnyFunction => grad(f as never);

export const compiled = (f: AnyFunction): AnyFunction & { dispose(): void } => jit(f as never);

/** Reads and consumes an array. */
export const numbersOf = async (array: np.Array): Promise<number[]> =>
  Array.from((await array.data()) as Float64Array);

/** Reads and consumes every array of a tree. */
export const readAll = (tree: unknown): Promise<number[][]> => Promise.all(arraysOf(tree).map(numbersOf));
