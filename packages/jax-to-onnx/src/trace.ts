import { type ClosedJaxpr, type DType, type JsTree, makeJaxpr, type numpy as np, tree } from "@jax-js/jax";
import { nth } from "./lists.js";

/** Type and shape of an array. In trees an instance of a class, which jax-js treats as a leaf. */
export type ArrayType = Readonly<{ shape: readonly number[]; dtype: DType }>;

/** Type and shape of one argument or result of a compiled program. */
type Slot = ArrayType & Readonly<{ name: string }>;

/** The interface of a program: leaves of its arguments and results, and the tree of the results. */
export type Signature = Readonly<{
  name: string;
  inputs: readonly Slot[];
  outputs: readonly Slot[];
  structure: Parameters<typeof tree.unflatten>[0];
}>;

/** Traces a function for the shapes of its arguments. The caller disposes of the program. */
export function trace(
  f: (...args: never[]) => JsTree<np.Array>,
  specs: readonly JsTree<ArrayType>[],
  name: string,
): { jaxpr: ClosedJaxpr; signature: Signature } {
  const inputs = specs.flatMap((spec, i) => slots(spec, `arg${i}`));
  const avals = specs.map((spec) => tree.map((leaf) => new TracedSpec(leaf as ArrayType), spec as never));
  const { jaxpr, treedef: structure } = makeJaxpr(f as unknown as Traceable)(...avals);
  const leaves = jaxpr.jaxpr.outs.map((out) => out.aval);
  const names = leafPaths(tree.unflatten(structure, leaves.map(() => new Leaf()) as never), "out");
  const outputs = leaves.map(({ shape, dtype }, i) => ({ name: nth(names, i), shape, dtype }));
  return { jaxpr, signature: { name, inputs, outputs, structure } };
}

/** What is read of a traced program, which is disposed of then. */
export function consumed<T>(program: ClosedJaxpr, read: (program: ClosedJaxpr) => T): T {
  try {
    return read(program);
  } finally {
    program.dispose();
  }
}

/** The arguments of `makeJaxpr`, which accepts shapes and types instead of arrays. */
type Traceable = (...args: unknown[]) => JsTree<np.Array>;

/** A placeholder of an argument while tracing: a class, so that trees treat it as a leaf. */
export class TracedSpec {
  readonly shape: number[];
  readonly dtype: DType;
  readonly weakType = false;
  constructor({ shape, dtype }: ArrayType) {
    this.shape = [...shape];
    this.dtype = dtype;
  }
}

class Leaf {}

function slots(spec: JsTree<ArrayType>, prefix: string): Slot[] {
  const names = leafPaths(spec, prefix);
  return (tree.leaves(spec as never) as ArrayType[]).map(({ shape, dtype }, i) => ({
    name: nth(names, i),
    shape,
    dtype,
  }));
}

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
