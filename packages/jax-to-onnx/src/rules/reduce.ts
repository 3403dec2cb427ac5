import { DType } from "@jax-js/jax";
import {
  apply,
  type Context,
  cast,
  convert,
  literal,
  type Rule,
  rangeOf,
  unsupported,
  wrap,
} from "../context.js";
import { isFloat, outShape, paramsOf } from "../jaxpr.js";
import { type Lazy, shapeOf } from "../lazy.js";
import { nth } from "../lists.js";
import { asInt } from "./bits.js";
import { concat } from "./concat.js";
import { slice } from "./movement.js";
import { operators, type ReduceKind, reduceAxes } from "./reductions.js";

/** Reduces logical axes as jax-js does, as far as the target asks for it. */
export function reduced(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const { lostNaN, saturation } = cx.graph.target.semantics;
  const isExtreme = op === "Min" || op === "Max";
  const plain = v.literal !== undefined || v.dtype === DType.Bool;
  if (!plain && isFloat(v.dtype) && isExtreme && !lostNaN) return extremeWithNaN(cx, v, op, axes);
  if (!plain && !isFloat(v.dtype) && !isExtreme && !saturation) return modular(cx, v, op, axes);
  return reduceAxes(cx, v, op, axes);
}

/** The extreme with NaN where there is one, which ReduceMax and ReduceMin of ONNX Runtime can miss. */
function extremeWithNaN(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const { Bool, Int32 } = DType;
  const lost = cast(cx, apply(cx, "IsNaN", [v], Bool), Int32);
  const any = apply(cx, "Less", [literal(cx, 0, Int32), reduceAxes(cx, lost, "Max", axes)], Bool);
  return apply(cx, "Where", [any, literal(cx, Number.NaN, v.dtype), reduceAxes(cx, v, op, axes)], v.dtype);
}

/**
 * A sum or product of integers modulo 2³². ONNX Runtime's stop at the ends of the type; a sum in the int64
 * representation of uint32 has room, and a product multiplies halves of the array element by element.
 */
function modular(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const unsigned = convert(cx, v, DType.Uint32);
  return asInt(cx, op === "Add" ? reduceAxes(cx, unsigned, op, axes) : halved(cx, unsigned, axes), v.dtype);
}

function halved(cx: Context, v: Lazy, axes: readonly number[]): Lazy {
  const plain = { ...cx, wanted: undefined };
  const result = axes.reduce((whole, axis) => {
    let rest = whole;
    for (let size = nth(shapeOf(rest), axis); size > 1; size = Math.ceil(size / 2)) {
      const half = Math.floor(size / 2);
      const [low, high] = [slice(plain, rest, axis, 0, half), slice(plain, rest, axis, half, 2 * half)];
      const product = wrap(plain, apply(plain, "Mul", [low, high], v.dtype));
      const odd = size % 2 === 1 ? [slice(plain, rest, axis, size - 1, size)] : [];
      rest = concat(plain, [product, ...odd], axis);
    }
    return rest;
  }, v);
  return { ...result, axes: result.axes.filter((_, i) => !axes.includes(i)) };
}

/** The value of a reduction of no elements. */
function neutral(op: ReduceKind, dtype: DType): number {
  if (dtype === DType.Bool) return op === "Mul" || op === "Min" ? 1 : 0;
  if (op === "Add" || op === "Mul") return op === "Add" ? 0 : 1;
  const [low, high] = rangeOf(dtype) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return op === "Max" ? low : high;
}

export const reduce: Rule = (cx, eqn, v) => {
  const { op, axis } = paramsOf<{ op: ReduceKind; axis: number[] }>(eqn);
  if (!(op in operators)) throw unsupported(eqn, `no reduction by ${op}`);
  if (shapeOf(v).includes(0)) return [literal(cx, neutral(op, v.dtype), v.dtype, outShape(eqn))];
  if (v.dtype !== DType.Bool) return [reduced(cx, v, op, axis)];
  // Any is a maximum of booleans, all a minimum.
  const kind = op === "Add" || op === "Max" ? "Max" : "Min";
  return [reduceAxes(cx, v, kind, axis)];
};
