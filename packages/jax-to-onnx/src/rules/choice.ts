import { DType } from "@jax-js/jax";
import { apply, type Context, convert, literal, type Rule, stretch } from "../context.js";
import { isFloat, outShape, outType, paramsOf } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import { nth } from "../lists.js";

const byWidth: readonly DType[] = [
  DType.Bool,
  DType.Uint32,
  DType.Int32,
  DType.Float16,
  DType.Float32,
  DType.Float64,
];

/** The type for comparing two operands: the wider one; a literal is cast, as in jax-js. */
function commonType(a: Lazy, b: Lazy): DType {
  if (a.dtype === b.dtype) return a.dtype;
  if (a.literal !== undefined && (b.dtype !== DType.Bool || !isFloat(a.dtype))) return b.dtype;
  if (b.literal !== undefined && (a.dtype !== DType.Bool || !isFloat(b.dtype))) return a.dtype;
  return nth(byWidth, Math.max(byWidth.indexOf(a.dtype), byWidth.indexOf(b.dtype)));
}

const comparisons = {
  less: { name: "Less", holds: (a: number, b: number) => a < b },
  less_equal: { name: "LessOrEqual", holds: (a: number, b: number) => a <= b },
  equal: { name: "Equal", holds: (a: number, b: number) => a === b },
  not_equal: { name: "Equal", holds: (a: number, b: number) => a !== b },
} as const;

export const compare: Rule = (cx, eqn, x, y) => {
  const { op } = paramsOf<{ op: keyof typeof comparisons }>(eqn);
  const type = commonType(x, y);
  // bool has Equal, but no order in ONNX.
  const used = type === DType.Bool && op.startsWith("less") ? DType.Int32 : type;
  const [a, b] = [convert(cx, x, used), convert(cx, y, used)];
  const { name, holds } = comparisons[op];
  if (a.literal !== undefined && b.literal !== undefined)
    return [literal(cx, Number(holds(a.literal, b.literal)), DType.Bool, outShape(eqn))];
  const result = apply(cx, name, [a, b], DType.Bool);
  return [op === "not_equal" ? apply(cx, "Not", [result], DType.Bool) : result];
};

/** x where the condition holds, else y. ONNX Runtime selects no booleans, so these are logic. */
export function select(cx: Context, condition: Lazy, x: Lazy, y: Lazy): Lazy {
  if (x.dtype !== DType.Bool) return apply(cx, "Where", [condition, x, y], x.dtype);
  const logic = (op: string, ...inputs: Lazy[]): Lazy => apply(cx, op, inputs, x.dtype);
  const not = logic("Not", condition);
  return logic("Or", logic("And", condition, x), logic("And", not, y));
}

export const where: Rule = (cx, eqn, condition, x, y) => {
  const dtype = outType(eqn);
  const [a, b] = [convert(cx, x, dtype), convert(cx, y, dtype)];
  if (condition.literal !== undefined) return [stretch(condition.literal ? a : b, outShape(eqn))];
  return [select(cx, condition, a, b)];
};
