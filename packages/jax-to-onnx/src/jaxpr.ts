import { type ClosedJaxpr, DType, type Jaxpr } from "@jax-js/jax";
import { nth } from "./lists.js";

/**
 * The program that jax-js traces. Its classes are not exported, so their types are derived from `Jaxpr`; only this file
 * and the rules use them.
 */
export type Equation = Jaxpr["eqns"][number];
export type Atom = Equation["inputs"][number];
export type Var = Equation["outBinders"][number];
export type Literal = Exclude<Atom, Var>;

/** True for a literal (a scalar in the program), false for a variable. */
export function isLiteral(atom: Atom): atom is Literal {
  return "value" in atom;
}

/** The program with nested `jit` calls inlined, dead code and no-op movements removed. */
export function prepare(jaxpr: Jaxpr): Jaxpr {
  return jaxpr.flatten().simplify();
}

/**
 * The same, with the jitted functions around each equation that have one of these names, by its first result:
 * `conv2d[3]/`.
 */
export function prepareNamed(
  jaxpr: Jaxpr,
  names: ReadonlySet<string>,
): { program: Jaxpr; around: ReadonlyMap<Var, string> } {
  const flat = jaxpr.flatten();
  const paths: string[] = [];
  const walk = ({ eqns }: Jaxpr, path: string): void => {
    for (const eqn of eqns) {
      if (eqn.primitive !== "jit") paths.push(path);
      else {
        const { name, jaxpr: inner } = paramsOf<{ name: string; jaxpr: Jaxpr }>(eqn);
        walk(inner, names.has(name) ? `${path}${name}/` : path);
      }
    }
  };
  walk(jaxpr, "");
  const around = flat.eqns.map(({ outBinders }, i) => [nth(outBinders, 0), nth(paths, i)] as const);
  return { program: flat.simplify(), around: new Map(around) };
}

/** The parameters of an equation; each rule sets the record type of its primitive. */
export function paramsOf<T>(eqn: Equation): T {
  return eqn.params as T;
}

/** An equation in one line, for messages. */
export function printEquation(eqn: Equation): string {
  const type = (atom: Atom) => (isLiteral(atom) ? String(atom.value) : atom.aval.toString());
  const params = Object.entries(eqn.params)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(" ");
  const outs = eqn.outBinders.map((v) => v.aval.toString()).join(" ");
  return `${outs} = ${eqn.primitive}${params && ` [${params}]`} ${eqn.inputs.map(type).join(" ")}`;
}

/** A number of a program as a text: JSON has no NaN, no infinities and no −0. */
export const numberText = (value: unknown): string => (Object.is(value, -0) ? "-0" : String(value));

export const isFloat = (dtype: DType): boolean => dtype.startsWith("float");

/** Type and shape of the first result of an equation. */
export const outType = (eqn: Equation): DType => nth(eqn.outBinders, 0).aval.dtype;
export const outShape = (eqn: Equation): readonly number[] => eqn.outBinders[0]?.aval.shape ?? [];

/** Whether a constant may become an argument: floats, unlike ones (here 0.1) or a long one; 0 or 0.5 simplify graphs, and stay. */
export const isLifted = (constant: ClosedJaxpr["consts"][number]): boolean =>
  constant.dtype === DType.Float32 && !Number.isInteger(1024 * (readConstant(constant).uniform ?? 0.1));

/** Small constants that were read before: jax-js computes each of them anew. */
const known = new WeakMap<object, { values: ArrayLike<number>; uniform: number | undefined }>();

/** The numbers of a constant of a traced program, and their common value, if they are all equal. */
export function readConstant(constant: ClosedJaxpr["consts"][number]) {
  const before = known.get(constant);
  if (before) return before;
  const values = (constant.ref as unknown as { dataSync(): Float32Array }).dataSync();
  const first = Number(values[0] ?? 0);
  const same = values.every((value) => Object.is(Number(value), first));
  const numbers = { values, uniform: same ? first : undefined };
  if (values.length <= 4096) known.set(constant, numbers);
  return numbers;
}
