import { type Expression, isScalar } from "./expressions.js";
import { emitKernel, type KernelParts, scalarsOf } from "./kernel.js";
import type { ElementwiseProgram } from "./read.js";
import type { WasmFunction } from "./wasm.js";

/** Arrays of one length that depend on each other, and the kernel that computes them. */
export type Group = Readonly<{
  kernel: number;
  size: number;
  /** Arguments that the kernel reads, results that it writes, and its scalars. */
  arguments: readonly number[];
  results: readonly number[];
  scalars: readonly Expression[];
}>;

/** An elementwise program as calls of kernels. Groups of equal structure share one. */
export type Plan = Readonly<{
  kernels: readonly WasmFunction[];
  groups: readonly Group[];
  /** Computations once per call, operands first. */
  scalars: readonly Expression[];
  /** Results of one element: their indices among the results. */
  scalarResults: readonly Readonly<{ result: number; expression: Expression }>[];
}>;

/** Limits of V8 on parameters and, well below its own, on the code of one function. */
const MOST_PARAMETERS = 900;
const MOST_STEPS = 4000;

/** Plans a program; undefined if a kernel would have too many parameters or steps. */
export function planKernels({ expressions, outputs }: ElementwiseProgram): Plan | undefined {
  const live = liveOf(
    expressions,
    outputs.map(({ expression }) => expression),
  );
  const scalars = live.filter(isScalar);
  const scalarResults = outputs.flatMap(({ expression, size }, result) =>
    size === 1 ? [{ result, expression }] : [],
  );
  const kernels: WasmFunction[] = [];
  const known = new Map<string, number>();
  const groups: Group[] = [];
  for (const { members, results } of connected(live, outputs)) {
    const parts = partsOf(
      members,
      results.map((i) => (outputs[i] as { expression: Expression }).expression),
    );
    if (1 + parts.inputs.length + results.length + parts.scalars.length > MOST_PARAMETERS) return undefined;
    if (parts.steps.length > MOST_STEPS) return undefined;
    const key = structureOf(parts);
    const kernel = known.get(key) ?? kernels.length;
    if (kernel === kernels.length) kernels.push(emitKernel(parts));
    known.set(key, kernel);
    groups.push({
      kernel,
      size: outputs[results[0] as number]?.size ?? 0,
      arguments: parts.inputs.map((e) => (e.kind === "argument" ? e.argument : -1)),
      results,
      scalars: parts.scalars,
    });
  }
  return { kernels, groups, scalars, scalarResults };
}

function partsOf(members: readonly Expression[], outputs: readonly Expression[]): KernelParts {
  const inputs = members.filter((e) => e.kind === "argument");
  const steps = members.filter((e) => e.kind === "operation");
  return { inputs, steps, outputs, scalars: scalarsOf(steps, outputs) };
}

/** A key, equal for parts with the same kernel: operands are identified by position, numbers by value. */
function structureOf({ inputs, scalars, steps, outputs }: KernelParts): string {
  const place = new Map([...inputs, ...scalars, ...steps].map((e, i) => [e, i]));
  const name = (e: Expression): string =>
    e.kind === "number" ? `${e.mask}${Object.is(e.value, -0) ? "-0" : e.value}` : `#${place.get(e)}`;
  const step = (e: Expression): string =>
    e.kind === "operation" ? `${e.name}(${e.operands.map(name).join()})` : "";
  const masks = scalars.map((e) => e.mask);
  return [inputs.length, masks.join(), ...steps.map(step), ...outputs.map(name)].join(";");
}

function liveOf(expressions: readonly Expression[], outputs: readonly Expression[]): Expression[] {
  const needed = new Set(outputs);
  for (const e of expressions.toReversed()) {
    if (needed.has(e) && e.kind === "operation") for (const operand of e.operands) needed.add(operand);
  }
  return expressions.filter((e) => needed.has(e));
}

/**
 * The connected components of the arrays, in the order of their first results. A result that repeats a scalar has no
 * arrays and is a separate component.
 */
function connected(
  live: readonly Expression[],
  outputs: ElementwiseProgram["outputs"],
): { members: Expression[]; results: number[] }[] {
  const parent = new Map<Expression, Expression>();
  const root = (e: Expression): Expression => {
    let at = e;
    for (let up = parent.get(at); up !== undefined; up = parent.get(at)) at = up;
    if (at !== e) parent.set(e, at); // path compression
    return at;
  };
  for (const e of live) {
    if (isScalar(e) || e.kind !== "operation") continue;
    for (const operand of e.operands) {
      const [a, b] = [root(operand), root(e)];
      if (!isScalar(operand) && a !== b) parent.set(a, b);
    }
  }
  const components = new Map<unknown, { members: Expression[]; results: number[] }>();
  outputs.forEach(({ expression, size }, i) => {
    if (size === 1) return;
    const key = isScalar(expression) ? i : root(expression);
    const component = components.get(key);
    if (component) component.results.push(i);
    else components.set(key, { members: [], results: [i] });
  });
  for (const e of live) if (!isScalar(e)) components.get(root(e))?.members.push(e);
  return [...components.values()];
}
