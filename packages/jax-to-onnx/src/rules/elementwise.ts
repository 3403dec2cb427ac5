import { DType } from "@jax-js/jax";
import { apply, type Context, convert, literal, type Rule, stretch } from "../context.js";
import { isFloat, outShape, outType, paramsOf } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import { add, floorLike, integerDivide, maximum, minimum, modulo, multiply, negate } from "./arithmetic.js";
import { compare, where } from "./choice.js";
import { arcsine, arctangent, errorFunction, errorTail } from "./special.js";

/** A rule on operands converted to the type of the result; all-literal operands are computed here. */
function binary(
  lower: (cx: Context, a: Lazy, b: Lazy) => Lazy,
  fold?: (a: number, b: number) => number,
): Rule {
  return (cx, eqn, x, y) => {
    const dtype = outType(eqn);
    const [a, b] = [convert(cx, x, dtype), convert(cx, y, dtype)];
    if (fold !== undefined && a.literal !== undefined && b.literal !== undefined && dtype !== DType.Uint32) {
      const value = fold(a.literal, b.literal);
      // A double cannot represent all products of integers, nor quotients by 0.
      if (isFloat(dtype) || Number.isSafeInteger(value)) return [literal(cx, value, dtype, outShape(eqn))];
    }
    return [stretch(lower(cx, a, b), outShape(eqn))];
  };
}

function unary(lower: (cx: Context, a: Lazy) => Lazy, fold?: (a: number) => number): Rule {
  return (cx, _eqn, a) => {
    if (fold !== undefined && a.literal !== undefined) {
      return [{ ...literal(cx, fold(a.literal), a.dtype), axes: a.axes }];
    }
    return [lower(cx, a)];
  };
}

const node = (op: string) => (cx: Context, a: Lazy) => apply(cx, op, [a], a.dtype);

const bitCombine: Rule = (cx, eqn, ...inputs) => {
  const { op } = paramsOf<{ op: "and" | "or" | "xor" }>(eqn);
  const dtype = outType(eqn);
  const name = { and: "And", or: "Or", xor: "Xor" }[op];
  const values = inputs.map((v) => convert(cx, v, dtype));
  return [apply(cx, dtype === DType.Bool ? name : `Bitwise${name}`, values, dtype)];
};

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  add: binary(add, (a, b) => a + b),
  mul: binary(multiply, (a, b) => a * b),
  idiv: binary(integerDivide, (a, b) => Math.trunc(a / b)),
  mod: binary(modulo, (a, b) => a % b),
  min: binary(minimum, Math.min),
  max: binary(maximum, Math.max),
  neg: unary(negate, (a) => -a),
  reciprocal: unary(node("Reciprocal"), (a) => 1 / a),
  floor: unary(floorLike("Floor"), Math.floor),
  ceil: unary(floorLike("Ceil"), Math.ceil),
  sin: unary(node("Sin"), Math.sin),
  cos: unary(node("Cos"), Math.cos),
  exp: unary(node("Exp"), Math.exp),
  log: unary(node("Log"), Math.log),
  sqrt: unary(node("Sqrt"), Math.sqrt),
  asin: unary(arcsine, Math.asin),
  atan: unary(arctangent, Math.atan),
  erf: unary(errorFunction),
  erfc: unary(errorTail),
  stop_gradient: (_cx, _eqn, ...inputs) => inputs,
  cast: (cx, eqn, a) => [convert(cx, a, outType(eqn))],
  compare,
  where,
  bit_combine: bitCombine,
};
