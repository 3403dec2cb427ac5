import { DType } from "@jax-js/jax";
import { apply, type Context, convert, literal, madeBy, operandOf, stretch, under } from "../context.js";
import { isFloat, outShape, outType } from "../jaxpr.js";
import { bufferSize, type Lazy, sameLayout } from "../lazy.js";
import { leading, nth } from "../lists.js";
import { add, multiply, negate } from "../rules/arithmetic.js";
import type { Pass, Rewrite } from "./pass.js";

type Simplified = Lazy | undefined;

/** Splits `x op c` into x and the constant c, so that two consecutive constants can be merged. */
function withConstant(cx: Context, v: Lazy, op: string): { rest: Lazy; value: number } | undefined {
  const made = madeBy(cx, v, op);
  if (!cx.graph.target.semantics.reassociation || made === undefined || !isFloat(v.dtype)) return undefined;
  const [first, second] = leading(made.inputs, 2);
  const value = cx.graph.numberOf(second);
  return value === undefined ? undefined : { rest: under(v, first), value };
}

const sum = (cx: Context, a: Lazy, b: Lazy): Lazy => simplerSum(cx, a, b) ?? add(cx, a, b);
const product = (cx: Context, a: Lazy, b: Lazy): Lazy => simplerProduct(cx, a, b) ?? multiply(cx, a, b);
const minus = (cx: Context, a: Lazy): Lazy => simplerNegative(cx, a) ?? negate(cx, a);

/** x + y, with the differences that jax-js writes as sums. */
function simplerSum(cx: Context, a: Lazy, b: Lazy): Simplified {
  if (a.dtype === DType.Bool) return undefined;
  if (a.literal !== undefined && b.literal === undefined) return simplerSum(cx, b, a);
  if (b.literal === 0) return a;
  if (b.literal !== undefined) {
    const inner = withConstant(cx, a, "Add");
    if (inner) return sum(cx, inner.rest, literal(cx, inner.value + b.literal, a.dtype));
  }
  // x + (−y) is how jax-js writes x − y.
  const minusB = operandOf(cx, b, "Neg");
  if (minusB) return apply(cx, "Sub", [a, minusB], a.dtype);
  const minusA = operandOf(cx, a, "Neg");
  return minusA && apply(cx, "Sub", [b, minusA], a.dtype);
}

/** x · y, with the quotients that jax-js writes as products. */
function simplerProduct(cx: Context, a: Lazy, b: Lazy): Simplified {
  if (a.dtype === DType.Bool) return undefined;
  if (a.literal !== undefined && b.literal === undefined) return simplerProduct(cx, b, a);
  if (b.literal === 1) return a;
  if (!isFloat(a.dtype)) return undefined;
  if (b.literal !== undefined) return timesConstant(cx, a, b.literal);
  // Moves signs outwards, where they become part of a difference, but not to a larger array.
  const minusB = operandOf(cx, b, "Neg");
  if (minusB && bufferSize(b) >= bufferSize(a)) return minus(cx, product(cx, a, minusB));
  const minusA = operandOf(cx, a, "Neg");
  if (minusA && bufferSize(a) >= bufferSize(b)) return minus(cx, product(cx, minusA, b));
  return quotient(cx, a, b) ?? quotient(cx, b, a);
}

function timesConstant(cx: Context, a: Lazy, value: number): Simplified {
  if (value === -1) return minus(cx, a);
  const number = (n: number) => literal(cx, n, a.dtype);
  const inner = withConstant(cx, a, "Mul");
  if (inner) return product(cx, inner.rest, number(inner.value * value));
  const negative = operandOf(cx, a, "Neg");
  return negative && product(cx, negative, number(-value));
}

/** x · (1/y), which is how jax-js writes x / y. (1/y)², from the derivative of 1/y, stays: 1/y is needed anyway. */
function quotient(cx: Context, x: Lazy, over: Lazy): Simplified {
  const divisor = cx.graph.target.semantics.quotients ? operandOf(cx, over, "Reciprocal") : undefined;
  return divisor && x.base !== over.base ? apply(cx, "Div", [x, divisor], x.dtype) : undefined;
}

function simplerNegative(cx: Context, a: Lazy): Simplified {
  if (a.dtype === DType.Uint32) return undefined;
  const twice = operandOf(cx, a, "Neg");
  if (twice) return twice;
  const scaled = withConstant(cx, a, "Mul");
  if (scaled) return product(cx, scaled.rest, literal(cx, -scaled.value, a.dtype));
  const difference = madeBy(cx, a, "Sub");
  // −(x − y) is y − x if the node broadcasts neither.
  const shape = cx.graph.shapeOf(a.base).join();
  if (!difference?.inputs.every((name) => cx.graph.shapeOf(name).join() === shape)) return undefined;
  const [x, y] = leading(difference.inputs, 2);
  return apply(cx, "Sub", [under(a, y), under(a, x)], a.dtype);
}

/** max(x, 0) as one node that reads one array. */
function rectified(cx: Context, a: Lazy, b: Lazy): Simplified {
  if (!isFloat(a.dtype)) return undefined;
  if (b.literal === 0) return apply(cx, "Relu", [a], a.dtype);
  return a.literal === 0 ? apply(cx, "Relu", [b], b.dtype) : undefined;
}

/** |x| as jax-js writes it: −x where x < 0, else x. */
const absolute: Rewrite = (cx, _eqn, condition, x, y) => {
  const less = madeBy(cx, condition, "Less");
  const minus = madeBy(cx, x, "Neg");
  if (less === undefined || minus?.inputs[0] !== y.base || less.inputs[0] !== y.base) return undefined;
  if (cx.graph.numberOf(nth(less.inputs, 1)) !== 0) return undefined;
  return sameLayout(x, y) && sameLayout(condition, y) ? [apply(cx, "Abs", [y], y.dtype)] : undefined;
};

/** On operands converted to the type of the result, unless both are literals, which the rule computes. */
const binary =
  (simpler: (cx: Context, a: Lazy, b: Lazy) => Simplified): Rewrite =>
  (cx, eqn, x, y) => {
    const [a, b] = [convert(cx, x, outType(eqn)), convert(cx, y, outType(eqn))];
    const result = a.literal !== undefined && b.literal !== undefined ? undefined : simpler(cx, a, b);
    return result && [stretch(result, outShape(eqn))];
  };

export const algebra: Pass = {
  name: "algebra",
  why: "differences, quotients, |x| and max(x, 0) are one node each, and constants and signs are merged",
  equations: {
    add: binary(simplerSum),
    mul: binary(simplerProduct),
    neg: (cx, _eqn, a) => {
      const result = a.literal === undefined ? simplerNegative(cx, a) : undefined;
      return result && [result];
    },
    max: binary(rectified),
    where: absolute,
  },
};
