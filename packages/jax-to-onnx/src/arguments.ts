import { DType, type JsTree } from "@jax-js/jax";
import { UsageError } from "./errors.js";
import { isFloat } from "./jaxpr.js";
import type { Initializer } from "./model.js";
import { typedArrays } from "./model.js";
import { type ArrayType, TracedSpec } from "./trace.js";

/** A tree as jax-js has them: records and lists of leaves. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

/** An array argument: its sizes, or names of sizes that may be any, and its type, by default float32. */
export type ArgumentSpec = Readonly<{ shape: readonly (number | string)[]; dtype?: DType }>;

/** The numbers of an array: one of jax-js, which stays valid, or a typed array with its shape. */
export type ConstantValue =
  | Readonly<{ shape: readonly number[]; data: Initializer["data"] }>
  | Readonly<{ shape: readonly number[]; dataSync(): ArrayLike<number>; ref: object }>;

/** An argument: a class, so that trees treat it as a leaf. */
export class Argument {
  constructor(
    readonly shape: readonly (number | string)[],
    readonly dtype: DType,
  ) {}

  /** The argument for sizes of its symbols. */
  of(sizes: ReadonlyMap<string, number>): ArrayType {
    const shape = this.shape.map((size) => (typeof size === "number" ? size : (sizes.get(size) as number)));
    return new TracedSpec({ shape, dtype: this.dtype });
  }
}

const isSize = (size: unknown): boolean =>
  typeof size === "string" ? size !== "" : Number.isInteger(size) && Number(size) >= 0;

/** True for a record of sizes, and not for a tree with a branch of this name. */
const isSpec = (node: Tree<ArgumentSpec>): node is ArgumentSpec =>
  "shape" in node && Array.isArray(node.shape) && node.shape.every(isSize);

/** The tree with an Argument for each leaf. */
export function argumentTree(node: Tree<ArgumentSpec>, where: string): JsTree<Argument> {
  if (typeof node !== "object" || node === null)
    throw new UsageError(`${where}: expected { shape: […] }, got ${String(node)}`);
  if (isSpec(node)) return new Argument(node.shape, node.dtype ?? DType.Float32);
  if (Array.isArray(node))
    return node.map((child: Tree<ArgumentSpec>, i) => argumentTree(child, `${where}.${i}`));
  const branches = Object.entries(node as Readonly<Record<string, Tree<ArgumentSpec>>>);
  return Object.fromEntries(branches.map(([key, child]) => [key, argumentTree(child, `${where}.${key}`)]));
}

/**
 * The leaves of an argument with their values, by path.
 *
 * @throws UsageError if a value is missing, or has another shape or type
 */
export function constantsOf(
  node: JsTree<Argument>,
  value: Tree<ConstantValue> | undefined,
  where: string,
): [path: string, value: Pick<Initializer, "shape" | "data">][] {
  if (node instanceof Argument) return [[where, constantOf(node, value as ConstantValue | undefined, where)]];
  const children = Object.entries(node);
  const values = value as Readonly<Record<string, Tree<ConstantValue>>> | undefined;
  return children.flatMap(([key, child]) => constantsOf(child, values?.[key], `${where}.${key}`));
}

function constantOf(
  { shape, dtype }: Argument,
  value: ConstantValue | undefined,
  where: string,
): Pick<Initializer, "shape" | "data"> {
  if (value?.shape?.join() !== shape.join())
    throw new UsageError(
      `constant ${where}: ${value?.shape ? `shape [${value.shape}]` : "no value"}, expected [${shape}]`,
    );
  const Values = typedArrays[dtype as keyof typeof typedArrays];
  const numbers = "dataSync" in value ? (value.ref as typeof value).dataSync() : value.data;
  if (numbers instanceof Values) return { shape: value.shape, data: numbers };
  if (!("dataSync" in value) || isFloat(dtype))
    throw new UsageError(
      `constant ${where}: ${numbers.constructor.name}, expected ${Values.name} for ${dtype}`,
    );
  return { shape: value.shape, data: Values.from(numbers as ArrayLike<number>) };
}
