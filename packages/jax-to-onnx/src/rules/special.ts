import { DType } from "@jax-js/jax";
import { apply, type Context, convert, literal } from "../context.js";
import type { Lazy } from "../lazy.js";
import { nth } from "../lists.js";

/**
 * Functions that ONNX Runtime has only in float32. In float64 the float32 result is corrected by one exact step, or the
 * formula of jax-js is used.
 */

const op = (cx: Context, name: string, ...inputs: Lazy[]): Lazy =>
  apply(cx, name, inputs, nth(inputs, 0).dtype);

function rough(cx: Context, name: string, a: Lazy): Lazy {
  return convert(cx, apply(cx, name, [convert(cx, a, DType.Float32)], DType.Float32), a.dtype);
}

/** y + sin(exact − y), where (s, c) are the sine and cosine of the exact angle. */
function corrected(cx: Context, y: Lazy, s: Lazy, c: Lazy): Lazy {
  const delta = op(cx, "Sub", op(cx, "Mul", s, op(cx, "Cos", y)), op(cx, "Mul", c, op(cx, "Sin", y)));
  return op(cx, "Add", y, delta);
}

export function arcsine(cx: Context, a: Lazy): Lazy {
  if (a.dtype === DType.Float32) return op(cx, "Asin", a);
  const c = op(cx, "Sqrt", op(cx, "Sub", literal(cx, 1, a.dtype), op(cx, "Mul", a, a)));
  return corrected(cx, rough(cx, "Asin", a), a, c);
}

export function arctangent(cx: Context, a: Lazy): Lazy {
  if (a.dtype === DType.Float32) return op(cx, "Atan", a);
  const c = op(cx, "Reciprocal", op(cx, "Sqrt", op(cx, "Add", op(cx, "Mul", a, a), literal(cx, 1, a.dtype))));
  return corrected(cx, rough(cx, "Atan", a), op(cx, "Mul", a, c), c);
}

/** ONNX's Erf in float32, if the target may use it; else the formula of jax-js. */
export function errorFunction(cx: Context, a: Lazy): Lazy {
  const { ownFunctions } = cx.graph.target.semantics;
  if (a.dtype === DType.Float32 && ownFunctions) return op(cx, "Erf", a);
  return op(cx, "Mul", op(cx, "Sign", a), op(cx, "Sub", literal(cx, 1, a.dtype), tail(cx, a)));
}

/** erfc(x), to a relative error where it is small: from the tail, not as 1 − erf(x). */
export function errorTail(cx: Context, a: Lazy): Lazy {
  const sign = op(cx, "Sign", a);
  const base = op(cx, "Sub", literal(cx, 1, a.dtype), sign);
  return op(cx, "Add", base, op(cx, "Mul", sign, tail(cx, a)));
}

/** erfc(|x|) by Abramowitz and Stegun 7.1.26, the formula of jax-js (error 1.5e-7). */
function tail(cx: Context, a: Lazy): Lazy {
  const number = (value: number) => literal(cx, value, a.dtype);
  const x = op(cx, "Abs", a);
  const t = op(cx, "Reciprocal", op(cx, "Add", op(cx, "Mul", x, number(0.3275911)), number(1)));
  let series = op(cx, "Mul", t, number(1.061405429));
  for (const c of [-1.453152027, 1.421413741, -0.284496736, 0.254829592]) {
    series = op(cx, "Mul", op(cx, "Add", series, number(c)), t);
  }
  return op(cx, "Mul", series, op(cx, "Exp", op(cx, "Neg", op(cx, "Mul", x, x))));
}
