import { DType } from "@jax-js/jax";
import { apply, type Context, literal, madeBy, under, wrap } from "../context.js";
import { isFloat } from "../jaxpr.js";
import { bufferSize, type Lazy } from "../lazy.js";
import { select } from "./choice.js";
import { addPadded } from "./movement.js";
import { rememberProduct } from "./products.js";
import { rememberSum, termsOf } from "./sums.js";

/** Splits `x op c` into x and the constant c, so that two consecutive constants can be merged. */
function withConstant(cx: Context, v: Lazy, op: string): { rest: Lazy; value: number } | undefined {
  const made = madeBy(cx, v, op);
  if (made === undefined || !isFloat(v.dtype)) return undefined;
  const [first, second] = made.inputs as [string, string];
  const scalar = cx.graph.constantOf(second);
  if (scalar?.data.length !== 1) return undefined;
  return { rest: under(v, first), value: Number(scalar.data[0]) };
}

/** x + y, with the differences and joined paddings that jax-js writes as sums. */
export function add(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (a.literal !== undefined && b.literal === undefined) return add(cx, b, a);
  if (b.literal === 0) return a;
  if (b.literal !== undefined) {
    const inner = withConstant(cx, a, "Add");
    if (inner) return add(cx, inner.rest, literal(cx, inner.value + b.literal, a.dtype));
  }
  // x + (−y) is how jax-js writes x − y.
  const minusB = madeBy(cx, b, "Neg");
  if (minusB) return apply(cx, "Sub", [a, under(b, minusB.inputs[0] as string)], a.dtype);
  const minusA = madeBy(cx, a, "Neg");
  if (minusA) return apply(cx, "Sub", [b, under(a, minusA.inputs[0] as string)], a.dtype);
  const joined = addPadded(cx, a, b) ?? addFixed(cx, a, b) ?? addFixed(cx, b, a);
  if (joined) return joined;
  const sum = wrap(cx, apply(cx, "Add", [a, b], a.dtype));
  rememberSum(sum, a, b);
  return sum;
}

/** (x + b) + c of fixed b and c is x + (b + c), and the second sum is computed once. */
function addFixed(cx: Context, sum: Lazy, c: Lazy): Lazy | undefined {
  const { graph } = cx;
  if (!isFloat(c.dtype) || !graph.isFixed(c.base) || graph.isFixed(sum.base)) return undefined;
  const [x, b] = termsOf(sum)?.toSorted((v) => (graph.isFixed(v.base) ? 1 : -1)) ?? [];
  if (!x || !b || !graph.isFixed(b.base) || b.axes.length !== c.axes.length) return undefined;
  return add(cx, x, add({ ...cx, wanted: undefined }, b, c));
}

/** x · y, with the quotients that jax-js writes as products. */
function multiply(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "And", [a, b], DType.Bool);
  if (a.literal !== undefined && b.literal === undefined) return multiply(cx, b, a);
  if (b.literal === 1) return a;
  if (isFloat(a.dtype)) {
    if (b.literal === -1) return negate(cx, a);
    if (b.literal !== undefined) {
      const inner = withConstant(cx, a, "Mul");
      if (inner) return multiply(cx, inner.rest, literal(cx, inner.value * b.literal, a.dtype));
      const minus = madeBy(cx, a, "Neg");
      if (minus) return multiply(cx, under(a, minus.inputs[0] as string), literal(cx, -b.literal, a.dtype));
    }
    // Moves signs outwards, where they become part of a difference, but not to a larger array.
    const minusB = madeBy(cx, b, "Neg");
    if (minusB && bufferSize(b) >= bufferSize(a)) {
      return negate(cx, multiply(cx, a, under(b, minusB.inputs[0] as string)));
    }
    const minusA = madeBy(cx, a, "Neg");
    if (minusA && bufferSize(a) >= bufferSize(b)) {
      return negate(cx, multiply(cx, under(a, minusA.inputs[0] as string), b));
    }
    // x · (1/y) is how jax-js writes x / y.
    const overB = madeBy(cx, b, "Reciprocal");
    // (1/y)², from the derivative of 1/y, stays a product: 1/y is needed anyway.
    if (overB && b.base !== a.base)
      return apply(cx, "Div", [a, under(b, overB.inputs[0] as string)], a.dtype);
    const overA = madeBy(cx, a, "Reciprocal");
    if (overA && b.literal === undefined && b.base !== a.base) {
      return apply(cx, "Div", [b, under(a, overA.inputs[0] as string)], a.dtype);
    }
  }
  return wrap(cx, apply(cx, "Mul", [a, b], a.dtype));
}

/** A product that records its operands: its sum may be a matrix product. */
export function product(cx: Context, a: Lazy, b: Lazy): Lazy {
  const result = multiply(cx, a, b);
  if (isFloat(a.dtype) && a.literal === undefined && b.literal === undefined) {
    rememberProduct(result, a, b);
  }
  return result;
}

/** −x. */
export function negate(cx: Context, a: Lazy): Lazy {
  if (a.dtype === DType.Uint32) return wrap(cx, apply(cx, "Neg", [a], a.dtype));
  const twice = madeBy(cx, a, "Neg");
  if (twice) return under(a, twice.inputs[0] as string);
  const scaled = withConstant(cx, a, "Mul");
  if (scaled) return multiply(cx, scaled.rest, literal(cx, -scaled.value, a.dtype));
  const difference = madeBy(cx, a, "Sub");
  // −(x − y) is y − x if the node broadcasts neither.
  if (difference?.inputs.every((name) => sameShape(cx, name, a.base))) {
    const [x, y] = difference.inputs as [string, string];
    return apply(cx, "Sub", [under(a, y), under(a, x)], a.dtype);
  }
  return apply(cx, "Neg", [a], a.dtype);
}

function sameShape(cx: Context, a: string, b: string): boolean {
  return cx.graph.shapeOf(a).join() === cx.graph.shapeOf(b).join();
}

/** The maximum; Relu if one operand is zero. */
export function maximum(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (a.dtype === DType.Uint32) return select(cx, isLess(cx, a, b), b, a);
  if (isFloat(a.dtype) && b.literal === 0) return apply(cx, "Relu", [a], a.dtype);
  if (isFloat(a.dtype) && a.literal === 0) return apply(cx, "Relu", [b], b.dtype);
  return apply(cx, "Max", [a, b], a.dtype);
}

/** The minimum. */
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
