import { type ClosedJaxpr, DType } from "@jax-js/jax";
import { isLiteral, outType, paramsOf, prepare, readConstant } from "jax-to-onnx/internal";
import { type Expression, Expressions } from "./expressions.js";

type Jaxpr = ReturnType<typeof prepare>;
type Equation = Jaxpr["eqns"][number];
type Atom = Jaxpr["outs"][number];
type Var = Jaxpr["inBinders"][number];

/** An elementwise program: its expressions, operands first, and its results. */
export type ElementwiseProgram = Readonly<{
  expressions: readonly Expression[];
  outputs: readonly Readonly<{ expression: Expression; size: number }>[];
}>;

/**
 * Reads a traced elementwise program on float32 arrays: operands of an equation
 * have as many elements as its result, or are scalars. Undefined for any other program.
 */
export function readElementwise(closed: ClosedJaxpr): ElementwiseProgram | undefined {
  const jaxpr = prepare(closed.jaxpr);
  const build = new Expressions();
  const env = new Map<Var, Expression>();
  const consts = closed.consts.length;
  const used = new Set<Atom>([...jaxpr.outs, ...jaxpr.eqns.flatMap((eqn) => eqn.inputs)]);
  for (const [i, v] of jaxpr.inBinders.entries()) {
    if (!used.has(v)) continue;
    if (v.aval.dtype !== DType.Float32 || v.aval.size === 0) return undefined;
    const constant = closed.consts[i];
    if (i >= consts || constant === undefined) env.set(v, build.argument(i - consts, v.aval.size));
    else {
      const { uniform } = readConstant(constant);
      if (uniform === undefined) return undefined;
      env.set(v, build.number(uniform));
    }
  }
  const read = (atom: Atom): Expression | undefined =>
    isLiteral(atom) ? build.number(Number(atom.value)) : env.get(atom);
  for (const eqn of jaxpr.eqns) {
    const operands = eqn.inputs.map(read);
    const [out] = eqn.outBinders;
    if (!out || !operands.every((e) => e !== undefined)) return undefined;
    if (out.aval.dtype !== DType.Float32 && out.aval.dtype !== DType.Bool) return undefined;
    const value = readers[eqn.primitive]?.(build, operands, eqn);
    if (!value || (value.size !== 1 && value.size !== out.aval.size)) return undefined;
    env.set(out, value);
  }
  const outputs = jaxpr.outs.map((atom) => ({ expression: read(atom), size: atom.aval.size }));
  const complete = outputs.flatMap(({ expression, size }) =>
    expression && !expression.mask && size > 0 ? [{ expression, size }] : [],
  );
  const floats = jaxpr.outs.every((atom) => atom.aval.dtype === DType.Float32);
  if (!floats || complete.length < outputs.length) return undefined;
  return { expressions: build.all, outputs: complete };
}

/** Undefined if the equation is not elementwise after all. */
type Reader = (build: Expressions, operands: readonly Expression[], eqn: Equation) => Expression | undefined;

type Maybe = Expression | undefined;

/** A reader of two operands: truth values if the result is one, otherwise floats. */
const arithmetic =
  (ofFloats: (build: Expressions, a: Expression, b: Expression) => Maybe, ofMasks: "and" | "or"): Reader =>
  (build, [x, y], eqn) => {
    const masks = outType(eqn) === DType.Bool;
    const convert = (e: Maybe): Maybe => e && (masks ? build.toMask(e) : build.toFloat(e));
    const [a, b] = [convert(x), convert(y)];
    return a && b && (masks ? build.operation(ofMasks, a, b) : ofFloats(build, a, b));
  };

const unary =
  (f: (build: Expressions, a: Expression) => Maybe): Reader =>
  (build, [a]) =>
    a && !a.mask ? f(build, a) : undefined;

const same: Reader = (_build, [a]) => a;

/** A comparison of truth values is logic: 0 < 1. */
const compareMasks = {
  equal: (build: Expressions, a: Expression, b: Expression) => not(build, build.operation("xor", a, b)),
  not_equal: (build: Expressions, a: Expression, b: Expression) => build.operation("xor", a, b),
  less: (build: Expressions, a: Expression, b: Expression) => both(build, "and", not(build, a), b),
  less_equal: (build: Expressions, a: Expression, b: Expression) => both(build, "or", not(build, a), b),
} as const;

const not = (build: Expressions, a: Maybe): Maybe => a && build.operation("not", a);
const both = (build: Expressions, name: "and" | "or", a: Maybe, b: Maybe): Maybe =>
  a && b && build.operation(name, a, b);

const compare: Reader = (build, [a, b], eqn) => {
  const { op } = paramsOf<{ op: keyof typeof compareMasks }>(eqn);
  if (!a || !b) return undefined;
  const literals = (e: Expression): boolean => e.kind === "number" && (e.value === 0 || e.value === 1);
  if ((a.mask || literals(a)) && (b.mask || literals(b)) && (a.mask || b.mask)) {
    const [x, y] = [build.toMask(a), build.toMask(b)];
    return x && y && compareMasks[op](build, x, y);
  }
  const [x, y] = [build.toFloat(a), build.toFloat(b)];
  const names = {
    equal: "equal",
    not_equal: "notEqual",
    less: "less",
    less_equal: "lessEqual",
  } as const;
  return x && y && build.operation(names[op], x, y);
};

const where: Reader = (build, [condition, x, y], eqn) => {
  if (!condition || !x || !y) return undefined;
  const masks = outType(eqn) === DType.Bool;
  const convert = (e: Expression): Maybe => (masks ? build.toMask(e) : build.toFloat(e));
  const [m, a, b] = [build.toMask(condition), convert(x), convert(y)];
  return m && a && b && build.operation(masks ? "selectMask" : "select", a, b, m);
};

const cast: Reader = (build, [a], eqn) =>
  a && (outType(eqn) === DType.Bool ? build.toMask(a) : build.toFloat(a));

/** Axes of size 1 and new shapes keep the order of elements; only scalars may be repeated. */
const readers: Readonly<Record<string, Reader>> = {
  add: arithmetic((build, a, b) => build.add(a, b), "or"),
  mul: arithmetic((build, a, b) => build.multiply(a, b), "and"),
  max: arithmetic((build, a, b) => build.operation("max", a, b), "or"),
  min: arithmetic((build, a, b) => build.operation("min", a, b), "and"),
  neg: unary((build, a) => build.operation("neg", a)),
  reciprocal: unary((build, a) => build.operation("div", build.number(1), a)),
  sqrt: unary((build, a) => build.operation("sqrt", a)),
  floor: unary((build, a) => build.operation("floor", a)),
  ceil: unary((build, a) => build.operation("ceil", a)),
  stop_gradient: same,
  reshape: same,
  broadcast: same,
  cast,
  compare,
  where,
};
