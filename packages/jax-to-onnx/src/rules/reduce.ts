import { DType } from "@jax-js/jax";
import { type Rule, unsupported } from "../context.js";
import { paramsOf } from "../jaxpr.js";
import type { Lazy } from "../lazy.js";
import { reduced } from "./exact-reductions.js";
import { operators, type ReduceKind, reduceAxes } from "./reductions.js";

const reduce: Rule = (cx, eqn, inputs) => {
  const { op, axis } = paramsOf<{ op: ReduceKind; axis: number[] }>(eqn);
  if (!(op in operators)) throw unsupported(eqn, `no reduction by ${op}`);
  const [v] = inputs as [Lazy];
  if (v.dtype !== DType.Bool) return [reduced(cx, v, op, axis)];
  // Any is a maximum of booleans, all a minimum.
  const kind = op === "Add" || op === "Max" ? "Max" : "Min";
  return [reduceAxes(cx, v, kind, axis)];
};

export const reduceRules: Readonly<Record<string, Rule>> = { reduce };
