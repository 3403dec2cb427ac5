import type { Jaxpr } from "@jax-js/jax";
import { type Equation, isLiteral, paramsOf, type Var } from "./jaxpr.js";
import { isNarrow } from "./layout.js";
import { nth, pick, sizeOf } from "./lists.js";
import { elementwiseRules } from "./rules/elementwise.js";
import type { Target } from "./target.js";

/**
 * The order of axes that the users of a value prefer for its buffer. A matrix product can be written in either
 * orientation at no cost, and a later transposition costs more than the product, so the preference of a graph output or
 * an elementwise user is propagated back through transpositions and concatenations.
 */
export function wantedOrders(jaxpr: Jaxpr, target: Target): Map<Var, readonly number[]> {
  const wanted = new Map<Var, readonly number[]>();
  const wish = (atom: Equation["inputs"][number], order: readonly number[] | undefined) => {
    if (!isLiteral(atom) && order !== undefined && !wanted.has(atom)) wanted.set(atom, order);
  };
  const natural = (v: Var) => v.aval.shape.map((_, i) => i);
  for (const out of jaxpr.outs) if (!isLiteral(out)) wish(out, natural(out));
  for (const eqn of jaxpr.eqns.toReversed()) {
    const [out] = eqn.outBinders;
    const order = out && (narrowFirst(eqn, out.aval.shape, target) ?? wanted.get(out));
    if (out === undefined || order === undefined) continue;
    for (const input of eqn.inputs) wish(input, inputOrder(eqn, out, input, order));
  }
  return wanted;
}

/**
 * Narrow concatenated parts are rows, as `split` makes them, whatever order the whole should have: transposing the
 * whole at once is faster than concatenating the parts number by number.
 */
function narrowFirst(eqn: Equation, shape: readonly number[], target: Target): readonly number[] | undefined {
  if (eqn.primitive !== "concatenate") return undefined;
  const { axis } = paramsOf<{ axis: number }>(eqn);
  if (!isNarrow(target, nth(shape, axis), sizeOf(shape))) return undefined;
  return [axis, ...shape.flatMap((_, i) => (i === axis ? [] : [i]))];
}

function inputOrder(
  eqn: Equation,
  out: Var,
  input: Equation["inputs"][number],
  order: readonly number[],
): readonly number[] | undefined {
  const shape = input.aval.shape;
  if (eqn.primitive === "transpose") {
    const { perm } = paramsOf<{ perm: number[] }>(eqn);
    return pick(perm, order);
  }
  if (eqn.primitive === "concatenate") return order;
  if (eqn.primitive === "reshape") return throughReshape(shape, out.aval.shape, order);
  if (eqn.primitive in elementwiseRules && shape.length === out.aval.shape.length) return order;
  return undefined;
}

/** A reshape that only adds or drops axes of size 1 keeps the order of the others. */
function throughReshape(
  from: readonly number[],
  to: readonly number[],
  order: readonly number[],
): readonly number[] | undefined {
  const real = (shape: readonly number[]) => shape.flatMap((n, i) => (n === 1 ? [] : [i]));
  const [source, target] = [real(from), real(to)];
  if (source.map((i) => from[i]).join() !== target.map((i) => to[i]).join()) return undefined;
  const kept = order.flatMap((i) => (target.includes(i) ? [nth(source, target.indexOf(i))] : []));
  return [...kept, ...from.flatMap((n, i) => (n === 1 ? [i] : []))];
}
