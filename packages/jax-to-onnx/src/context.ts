import { DType } from "@jax-js/jax";
import { arrangeTo, assemble, broadcastNames, broadcastShapes, chooseOrder, refine } from "./align.js";
import { UnsupportedOpError } from "./errors.js";
import type { Graph, NodeOptions } from "./graph.js";
import { type Equation, isFloat, printEquation } from "./jaxpr.js";
import { factor, type Lazy, padRank } from "./lazy.js";
import { nth } from "./lists.js";
import { type ElementType, type Initializer, typeCodes, typedArrays } from "./model.js";

export type Context = Readonly<{
  graph: Graph;
  /**
   * The order of logical axes that the users of the first output prefer for its buffer; undefined without a preference.
   */
  wanted: readonly number[] | undefined;
  /** Only sums over an example matter (`LowerOptions`). */
  itemwise: boolean;
}>;

/** For nodes without an equation. */
export const plainContext = (graph: Graph): Context => ({ graph, wanted: undefined, itemwise: false });

/** Lowers one equation: the values of its inputs in, the values of its outputs back. */
export type Rule = (cx: Context, eqn: Equation, ...inputs: readonly Lazy[]) => readonly Lazy[];

/** The error for an unsupported primitive, or an unsupported use of one. */
export function unsupported(eqn: Equation, why: string): UnsupportedOpError {
  const node = printEquation(eqn);
  return new UnsupportedOpError(eqn.primitive, node, `${eqn.primitive}: ${why}, in \`${node}\``);
}

/**
 * The representation of a type in the graph. ONNX Runtime has few kernels for uint32, so these numbers are int64 and
 * wrap around by a mask (`wrap`).
 */
export function elementType(dtype: DType): ElementType {
  if (dtype === DType.Uint32) return "int64";
  if (isHeld(dtype)) return dtype;
  throw new UnsupportedOpError("cast", dtype, `${dtype} arrays cannot be lowered to ONNX`);
}

const isHeld = (dtype: string): dtype is keyof typeof typedArrays => dtype in typedArrays;

/** Numbers as the typed array of their representation in the graph. */
function typedData(values: ArrayLike<number>, dtype: DType): Initializer["data"] {
  const type = elementType(dtype);
  if (type === "int64") return BigInt64Array.from(Array.from(values), (value) => BigInt(Math.trunc(value)));
  const bits = type === "bool" ? Array.from(values, (value) => Number(Boolean(value))) : values;
  return typedArrays[type].from(bits);
}

/** An array of numbers, in row-major order, as a constant. */
export const constant = (
  graph: Graph,
  values: ArrayLike<number>,
  { dtype, shape }: Readonly<{ dtype: DType; shape: readonly number[] }>,
): string => graph.constant(typedData(values, dtype), elementType(dtype), shape);

/**
 * The number in its type. A float keeps its digits: jax-js writes a plain JavaScript number as a float32 literal, which
 * may be combined with float64 arrays.
 */
function rounded(value: number, dtype: DType): number {
  if (dtype === DType.Int32) return value | 0;
  if (dtype === DType.Uint32) return value >>> 0;
  return dtype === DType.Bool ? Number(Boolean(value)) : value;
}

/** An array of one number repeated: a scalar constant with lazy axes. */
export function literal(cx: Context, value: number, dtype: DType, shape: readonly number[] = []): Lazy {
  const number = rounded(value, dtype);
  const base = constant(cx.graph, [number], { dtype, shape: [] });
  const axes = shape.map((n) => (n === 1 ? [] : [factor(n, true)]));
  return { base, dtype, order: [], axes, literal: number };
}

/** One ONNX node on values that broadcast against each other. */
export function apply(
  cx: Context,
  op: string,
  inputs: readonly Lazy[],
  dtype: DType,
  options: NodeOptions = {},
): Lazy {
  const { graph } = cx;
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1) {
    const type = { type: elementType(dtype), shape: graph.shapeOf(only.base) };
    const base = graph.node(op, [only.base], type, options);
    return { base, dtype, order: only.order, axes: only.axes };
  }
  const refined = refine(graph, inputs);
  const wanted = cx.wanted?.flatMap((axis) => refined.axes[axis] ?? []);
  const order = chooseOrder(graph, refined.values, wanted);
  const arranged = refined.values.map((v) => arrangeTo(graph, v, order));
  const names = withoutLastOnes(graph, broadcastNames(graph, arranged, order, refined.sizes));
  const shape = broadcastShapes(names.map((name) => graph.shapeOf(name)));
  const base = graph.node(op, names, { type: elementType(dtype), shape }, options);
  return assemble(refined, order, base, dtype);
}

/**
 * Operands of an elementwise node with trailing dimensions of size 1 dropped, if all except scalars have one shape:
 * ONNX Runtime broadcasts along a last dimension of 1 entry by entry, which is slow.
 */
function withoutLastOnes(graph: Graph, names: readonly string[]): readonly string[] {
  const shapes = names.map((name) => graph.shapeOf(name)).filter((shape) => shape.length > 0);
  const [shape = []] = shapes;
  const kept = shape.findLastIndex((n) => n !== 1) + 1;
  const scalars = shapes.length < names.length;
  if (!scalars || kept === 0 || kept === shape.length) return names;
  if (shapes.some((other) => other.join() !== shape.join())) return names;
  return names.map((name) =>
    graph.shapeOf(name).length === 0 ? name : graph.reshape(name, shape.slice(0, kept)),
  );
}

/** The node that produced a value, if it is `op`. */
export function madeBy(cx: Context, v: Lazy, op: string) {
  const node = cx.graph.producer(v.base);
  return node?.op === op ? node : undefined;
}

/** The operand of the unary node that produced a value, if it is `op`. */
export function operandOf(cx: Context, v: Lazy, op: string): Lazy | undefined {
  const node = madeBy(cx, v, op);
  return node && under(v, nth(node.inputs, 0));
}

/** The value under a node: the same view of the node's input. */
export function under(v: Lazy, base: string): Lazy {
  return { base, dtype: v.dtype, order: v.order, axes: v.axes };
}

export const cast = (cx: Context, v: Lazy, to: DType): Lazy =>
  apply(cx, "Cast", [v], to, { attributes: { to: typeCodes[elementType(to)] } });

export function convert(cx: Context, v: Lazy, dtype: DType): Lazy {
  if (v.dtype === dtype) return v;
  if (v.literal !== undefined)
    return { ...literal(cx, castNumber(v.literal, v.dtype, dtype), dtype), axes: v.axes };
  const range = rangeOf(dtype);
  if (range && isFloat(v.dtype)) return castFloat(cx, v, dtype, range);
  // The mask keeps a negative integer's two's complement.
  return v.dtype === DType.Int32 ? wrap(cx, cast(cx, v, dtype)) : cast(cx, v, dtype);
}

export const rangeOf = (dtype: DType): readonly [low: number, high: number] | undefined =>
  dtype === DType.Int32 ? [-(2 ** 31), 2 ** 31 - 1] : dtype === DType.Uint32 ? [0, 2 ** 32 - 1] : undefined;

/** Casts a number like jax-js: floats are clamped to the range of an integer, NaN becomes 0. */
function castNumber(value: number, from: DType, to: DType): number {
  const range = isFloat(from) ? rangeOf(to) : undefined;
  if (range === undefined) return value; // integers wrap around in `literal`
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, range[0]), range[1]));
}

/**
 * `castNumber` for an array: ONNX leaves casts of floats beyond the range undefined. float64 can represent both ends.
 */
function castFloat(cx: Context, v: Lazy, dtype: DType, [low, high]: readonly [number, number]): Lazy {
  const F = DType.Float64;
  const wide = v.dtype === F ? v : cast(cx, v, F);
  const lost = apply(cx, "IsNaN", [wide], DType.Bool);
  const real = apply(cx, "Where", [lost, literal(cx, 0, F), wide], F);
  const above = apply(cx, "Max", [real, literal(cx, low, F)], F);
  return cast(cx, apply(cx, "Min", [above, literal(cx, high, F)], F), dtype);
}

/** Takes an integer result modulo 2³² if it represents a uint32. */
export function wrap(cx: Context, v: Lazy): Lazy {
  if (v.dtype !== DType.Uint32) return v;
  return apply(cx, "BitwiseAnd", [v, literal(cx, 4294967295, DType.Uint32)], DType.Uint32);
}

/** A value with the axes of an operation's result: an identity like x + 0 lacks lazy ones. */
export function stretch(v: Lazy, shape: readonly number[]): Lazy {
  const fits = v.axes.length === shape.length && v.axes.every((axis, i) => axis.length > 0 || shape[i] === 1);
  if (fits) return v;
  const padded = padRank(v, shape.length);
  const axes = shape.map((n, i) => {
    const axis = padded.axes[i] ?? [];
    return axis.length === 0 && n !== 1 ? [factor(n, true)] : axis;
  });
  return { ...padded, axes };
}
