import { DType } from "@jax-js/jax";
import { literal, type Rule, rangeOf, unsupported } from "../context.js";
import { outShape, paramsOf } from "../jaxpr.js";
import { shapeOf } from "../lazy.js";
import { reduced } from "./exact-reductions.js";
import { operators, type ReduceKind, reduceAxes } from "./reductions.js";

/** The value of a reduction of no elements. */
function neutral(op: ReduceKind, dtype: DType): number {
  if (dtype === DType.Bool) return op === "Mul" || op === "Min" ? 1 : 0;
  if (op === "Add" || op === "Mul") return op === "Add" ? 0 : 1;
  const [low, high] = rangeOf(dtype) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return op === "Max" ? low : high;
}

const reduce: Rule = (cx, eqn, v) => {
  const { op, axis } = paramsOf<{ op: ReduceKind; axis: number[] }>(eqn);
  if (!(op in operators)) throw unsupported(eqn, `no reduction by ${op}`);
  if (shapeOf(v).includes(0)) return [literal(cx, neutral(op, v.dtype), v.dtype, outShape(eqn))];
  if (v.dtype !== DType.Bool) return [reduced(cx, v, op, axis)];
  // Any is a maximum of booleans, all a minimum.
  const kind = op === "Add" || op === "Max" ? "Max" : "Min";
  return [reduceAxes(cx, v, kind, axis)];
};

export const reduceRules: Readonly<Record<string, Rule>> = { reduce };
