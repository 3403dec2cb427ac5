import { DType } from "@jax-js/jax";
import { apply, type Context, constant, literal, wrap } from "../context.js";
import { isFloat } from "../jaxpr.js";
import { factor, type Lazy, padRank } from "../lazy.js";
import { sizeOf } from "../lists.js";
import { select } from "./choice.js";

/** x + y; a number comes second. */
export function add(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (a.literal !== undefined && b.literal === undefined) return add(cx, b, a);
  const sum = wrap(cx, apply(cx, "Add", [a, b], a.dtype));
  cx.graph.remember(sum, { sum: [a, b] });
  return sum;
}

/** x · y; a number comes second. */
export function multiply(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "And", [a, b], DType.Bool);
  if (a.literal !== undefined && b.literal === undefined) return multiply(cx, b, a);
  const by = cx.graph.target.semantics.factoredSums ? b : writtenOut(cx, b, a);
  return wrap(cx, apply(cx, "Mul", [a, by], a.dtype));
}

/**
 * A number once for each entry of the last axis of the other factor: ONNX Runtime multiplies the sums of a matrix product
 * with a single one.
 */
function writtenOut(cx: Context, number: Lazy, factors: Lazy): Lazy {
  const { literal: value, dtype } = number;
  const rank = Math.max(number.axes.length, factors.axes.length);
  const { axes } = padRank(factors, rank);
  const axis = axes.findLastIndex((parts) => parts.some(({ lazy }) => !lazy));
  if (value === undefined || !isFloat(dtype) || axis < 0) return number;
  const size = sizeOf((axes[axis] ?? []).map((part) => part.size));
  const base = constant(cx.graph, new Array<number>(size).fill(value), { dtype, shape: [size] });
  const along = factor(size);
  return { base, dtype, order: [along], axes: padRank(number, rank).axes.with(axis, [along]) };
}

export const negate = (cx: Context, a: Lazy): Lazy => wrap(cx, apply(cx, "Neg", [a], a.dtype));

export function maximum(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (a.dtype === DType.Uint32) return select(cx, isLess(cx, a, b), b, a);
  return apply(cx, "Max", [a, b], a.dtype);
}

export function minimum(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Uint32) return select(cx, isLess(cx, a, b), a, b);
  return apply(cx, a.dtype === DType.Bool ? "And" : "Min", [a, b], a.dtype);
}

/**
 * Maximum and minimum of uint32 by comparison: ONNX Runtime's Max and Min of their int64 representation read only 32
 * bits.
 */
const isLess = (cx: Context, a: Lazy, b: Lazy): Lazy => apply(cx, "Less", [a, b], DType.Bool);

/** Integer division rounds toward zero, as in ONNX, and division by 0 is 0; float quotients are rounded here. */
export function integerDivide(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (!isFloat(a.dtype)) {
    const { divisor, factor } = harmless(cx, b);
    const quotient = apply(cx, "Div", [a, divisor], a.dtype);
    return factor ? wrap(cx, apply(cx, "Mul", [quotient, factor], a.dtype)) : quotient;
  }
  const quotient = apply(cx, "Div", [a, b], a.dtype);
  const down = apply(cx, "Floor", [quotient], a.dtype);
  const up = apply(cx, "Ceil", [quotient], a.dtype);
  return select(cx, apply(cx, "Less", [quotient, literal(cx, 0, a.dtype)], DType.Bool), up, down);
}

/** The remainder has the sign of the dividend, as in C; for an integer division by 0 it is 0. */
export function modulo(cx: Context, a: Lazy, b: Lazy): Lazy {
  const divisor = isFloat(a.dtype) ? b : harmless(cx, b).divisor;
  return apply(cx, "Mod", [a, divisor], a.dtype, { attributes: { fmod: 1 } });
}

/**
 * An integer divisor with 1 in place of 0 and −1, which cause an error in ONNX Runtime's kernels or, for −2³¹ / −1,
 * crash the process; and a factor that corrects the quotient, undefined if it is 1.
 */
function harmless(cx: Context, b: Lazy): { divisor: Lazy; factor?: Lazy } {
  const one = literal(cx, 1, b.dtype);
  const is = (n: number) => apply(cx, "Equal", [b, literal(cx, n, b.dtype)], DType.Bool);
  if (b.literal !== undefined) {
    const harms = b.literal === 0 || b.literal === -1;
    return harms ? { divisor: { ...one, axes: b.axes }, factor: b } : { divisor: b };
  }
  const harms = b.dtype === DType.Uint32 ? is(0) : apply(cx, "Or", [is(0), is(-1)], DType.Bool);
  return { divisor: select(cx, harms, one, b), factor: select(cx, harms, b, one) };
}

/** Rounding leaves integers unchanged; ONNX has no kernel for them. */
export function floorLike(op: string) {
  return (cx: Context, a: Lazy) => (isFloat(a.dtype) ? apply(cx, op, [a], a.dtype) : a);
}
