import type { ClosedJaxpr, Jaxpr } from "@jax-js/jax";
import { type Context, constant, literal, plainContext, unsupported } from "./context.js";
import type { Graph } from "./graph.js";
import { type Atom, type Equation, isLifted, isLiteral, prepare, readConstant, type Var } from "./jaxpr.js";
import { type Lazy, ofBuffer } from "./lazy.js";
import { nth } from "./lists.js";
import { type OwnRule, runOwnRule } from "./own-rules.js";
import type { Pass } from "./passes/pass.js";
import { programs, refusals } from "./programs.js";
import { rules } from "./rules.js";
import { consumed, trace } from "./trace.js";
import { wantedOrders } from "./wanted.js";

export type Environment = Map<Var, Lazy>;

export type EvaluateOptions = Readonly<{
  itemwise: boolean;
  active: readonly Pass[];
  /** Rules that go before ours. */
  own: Readonly<Record<string, OwnRule>>;
  /** Names of functions around an equation, by its first result; and the prefix of all names. */
  around: ReadonlyMap<Var, string>;
  prefix?: string;
}>;

/** Lowers the equations of a program in their order, a step each. */
export function* evaluate(graph: Graph, jaxpr: Jaxpr, env: Environment, options: EvaluateOptions) {
  const wanted = wantedOrders(jaxpr, graph.target);
  const { itemwise, around, prefix = "" } = options;
  for (const [i, eqn] of jaxpr.eqns.entries()) {
    const [first] = eqn.outBinders;
    const cx: Context = { graph, wanted: first && wanted.get(first), itemwise };
    graph.scope = `${prefix}${(first && around.get(first)) ?? ""}${eqn.primitive}.${i}`;
    if (eqn.outBinders.every((v) => v.aval.size === 0)) {
      for (const v of eqn.outBinders) env.set(v, empty(graph, v));
      continue;
    }
    const inputs = eqn.inputs.map((atom) => read(cx, env, atom));
    const results = lowerEquation(cx, eqn, inputs, options);
    eqn.outBinders.forEach((v, k) => env.set(v, nth(results, k)));
    yield (i + 1) / jaxpr.eqns.length;
  }
}

/** Takes all steps at once. */
export function atOnce<T>(steps: Generator<number, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The values of an equation: by a rule of the caller, the first pass that applies, a rule, or another program. */
function lowerEquation(
  cx: Context,
  eqn: Equation,
  inputs: readonly Lazy[],
  options: EvaluateOptions,
): readonly Lazy[] {
  const { primitive } = eqn;
  const own = options.own[primitive];
  if (own) return runOwnRule(own, cx, eqn, inputs);
  const found = rewritten(cx, eqn, inputs, options.active) ?? rules[primitive]?.(cx, eqn, ...inputs);
  if (found) return found;
  const program = programs[primitive];
  if (program === undefined) throw unsupported(eqn, refusals[primitive] ?? "no rule to lower it to ONNX");
  const specs = eqn.inputs.map(({ aval }) => aval);
  return consumed(trace(program(eqn), specs, primitive).jaxpr, (closed) => {
    const jaxpr = prepare(closed.jaxpr);
    const env: Environment = new Map();
    bindConstants(cx.graph, closed, jaxpr, env);
    jaxpr.inBinders.slice(closed.consts.length).forEach((v, i) => env.set(v, nth(inputs, i)));
    atOnce(evaluate(cx.graph, jaxpr, env, { ...options, prefix: `${cx.graph.scope}/` }));
    return jaxpr.outs.map((out) => read(cx, env, out));
  });
}

function rewritten(cx: Context, eqn: Equation, inputs: readonly Lazy[], active: readonly Pass[]) {
  for (const { name, equations } of active) {
    const results = equations?.[eqn.primitive]?.(cx, eqn, ...inputs);
    if (!results) continue;
    cx.graph.count(name);
    return results;
  }
  return undefined;
}

export function read(cx: Context, env: ReadonlyMap<Var, Lazy>, atom: Atom): Lazy {
  if (isLiteral(atom)) return literal(cx, Number(atom.value), atom.aval.dtype);
  const value = env.get(atom);
  if (value === undefined) throw new Error(`variable ${atom.toString()} has no value`);
  return value;
}

/** An array without elements can have any value. */
export const empty = (graph: Graph, v: Var): Lazy =>
  literal(plainContext(graph), 0, v.aval.dtype, v.aval.shape);

/** The values of the constants that a program uses, but for those that `lift` binds: these are given, by their places. */
export function bindConstants(
  graph: Graph,
  closed: ClosedJaxpr,
  jaxpr: Jaxpr,
  env: Map<Var, Lazy>,
  lift?: (v: Var) => void,
): number[] {
  const lifted: number[] = [];
  const used = new Set([...jaxpr.outs, ...jaxpr.eqns.flatMap((eqn) => eqn.inputs)]);
  closed.consts.forEach((tracer, i) => {
    const v = nth(jaxpr.inBinders, i);
    const { dtype, shape } = v.aval;
    // Traces of gradients may leave large unused constants.
    if (!used.has(v)) return;
    if (lift && isLifted(tracer)) {
      lift(v);
      lifted.push(i);
      return;
    }
    const { values, uniform } = readConstant(tracer);
    if (uniform === undefined) env.set(v, ofBuffer(constant(graph, values, v.aval), dtype, shape));
    else env.set(v, literal(plainContext(graph), uniform, dtype, shape));
  });
  return lifted;
}
