import { DType } from "@jax-js/jax";
import {
  apply,
  type Context,
  convert,
  literal,
  madeBy,
  type Rule,
  under,
  unsupported,
  wrap,
} from "../context.js";
import type { Graph } from "../graph.js";
import { type Equation, isFloat, paramsOf } from "../jaxpr.js";
import { bufferSize, type Lazy, padRank, sameLayout } from "../lazy.js";
import { addPadded } from "./movement.js";
import { rememberProduct } from "./products.js";
import { arcsine, arctangent, errorFunction } from "./special.js";

const outType = (eqn: Equation): DType => eqn.outBinders[0]?.aval.dtype as DType;
const outShape = (eqn: Equation): readonly number[] => eqn.outBinders[0]?.aval.shape ?? [];

/** A rule on operands converted to the type of the result; all-literal operands are computed here. */
function binary(
  lower: (cx: Context, a: Lazy, b: Lazy, eqn: Equation) => Lazy,
  fold?: (a: number, b: number) => number,
): Rule {
  return (cx, eqn, inputs) => {
    const dtype = outType(eqn);
    const [a, b] = inputs.map((v) => convert(cx, v, dtype)) as [Lazy, Lazy];
    if (fold !== undefined && a.literal !== undefined && b.literal !== undefined && dtype !== DType.Uint32) {
      return [literal(cx, fold(a.literal, b.literal), dtype, outShape(eqn))];
    }
    return [stretched(lower(cx, a, b, eqn), eqn)];
  };
}

/** An identity like x + 0 returns its operand, which may lack the lazy axes of the result. */
function stretched(v: Lazy, eqn: Equation): Lazy {
  const shape = outShape(eqn);
  if (v.axes.length === shape.length && v.axes.every((axis, i) => axis.length > 0 || shape[i] === 1))
    return v;
  const padded = padRank(v, shape.length);
  return {
    ...padded,
    axes: shape.map((n, i) => {
      const axis = padded.axes[i] ?? [];
      return axis.length === 0 && n !== 1 ? [{ size: n, lazy: true }] : axis;
    }),
  };
}

function unary(lower: (cx: Context, a: Lazy) => Lazy, fold?: (a: number) => number): Rule {
  return (cx, eqn, [a]) => {
    if (a === undefined) throw unsupported(eqn, "no operand");
    if (fold !== undefined && a.literal !== undefined) {
      return [{ ...literal(cx, fold(a.literal), a.dtype), axes: a.axes }];
    }
    return [lower(cx, a)];
  };
}

const node = (op: string) => (cx: Context, a: Lazy) => apply(cx, op, [a], a.dtype);

/** The constant factor or term of `x op c`, with x: so that two in a row become one. */
function withConstant(cx: Context, v: Lazy, op: string): { rest: Lazy; value: number } | undefined {
  const made = madeBy(cx, v, op);
  if (made === undefined || !isFloat(v.dtype)) return undefined;
  const [first, second] = made.inputs as [string, string];
  const scalar = cx.graph.constantOf(second);
  if (scalar?.data.length !== 1) return undefined;
  return { rest: under(v, first), value: Number(scalar.data[0]) };
}

function add(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (a.literal !== undefined) return add(cx, b, a);
  if (b.literal === 0) return a;
  if (b.literal !== undefined) {
    const inner = withConstant(cx, a, "Add");
    if (inner) return add(cx, inner.rest, literal(cx, inner.value + b.literal, a.dtype));
  }
  // x + (−y) is how jax-js writes x − y.
  const minusB = madeBy(cx, b, "Neg");
  if (minusB) return apply(cx, "Sub", [a, under(b, minusB.inputs[0] as string)], a.dtype);
  const minusA = madeBy(cx, a, "Neg");
  if (minusA) return apply(cx, "Sub", [b, under(a, minusA.inputs[0] as string)], a.dtype);
  const joined = addPadded(cx, a, b);
  if (joined) return joined;
  return wrap(cx, apply(cx, "Add", [a, b], a.dtype));
}

function multiply(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "And", [a, b], DType.Bool);
  if (a.literal !== undefined) return multiply(cx, b, a);
  if (b.literal === 1) return a;
  if (isFloat(a.dtype)) {
    if (b.literal === -1) return negate(cx, a);
    if (b.literal !== undefined) {
      const inner = withConstant(cx, a, "Mul");
      if (inner) return multiply(cx, inner.rest, literal(cx, inner.value * b.literal, a.dtype));
      const minus = madeBy(cx, a, "Neg");
      if (minus) return multiply(cx, under(a, minus.inputs[0] as string), literal(cx, -b.literal, a.dtype));
    }
    // Signs move outwards, where they become part of a difference; not onto a larger array.
    const minusB = madeBy(cx, b, "Neg");
    if (minusB && bufferSize(b) >= bufferSize(a)) {
      return negate(cx, multiply(cx, a, under(b, minusB.inputs[0] as string)));
    }
    const minusA = madeBy(cx, a, "Neg");
    if (minusA && bufferSize(a) >= bufferSize(b)) {
      return negate(cx, multiply(cx, under(a, minusA.inputs[0] as string), b));
    }
    // x · (1/y) is how jax-js writes x / y.
    const overB = madeBy(cx, b, "Reciprocal");
    // (1/y)², from the derivative of 1/y, stays a product: 1/y has to be there anyway.
    if (overB && b.base !== a.base)
      return apply(cx, "Div", [a, under(b, overB.inputs[0] as string)], a.dtype);
    const overA = madeBy(cx, a, "Reciprocal");
    if (overA && b.literal === undefined && b.base !== a.base) {
      return apply(cx, "Div", [b, under(a, overA.inputs[0] as string)], a.dtype);
    }
  }
  return wrap(cx, apply(cx, "Mul", [a, b], a.dtype));
}

/** A product that remembers its operands: summed, it may be a matrix product. */
function product(cx: Context, a: Lazy, b: Lazy): Lazy {
  const result = multiply(cx, a, b);
  if (isFloat(a.dtype) && a.literal === undefined && b.literal === undefined) {
    rememberProduct(result, a, b);
  }
  return result;
}

function negate(cx: Context, a: Lazy): Lazy {
  if (a.dtype === DType.Uint32) return wrap(cx, apply(cx, "Neg", [a], a.dtype));
  const twice = madeBy(cx, a, "Neg");
  if (twice) return under(a, twice.inputs[0] as string);
  const scaled = withConstant(cx, a, "Mul");
  if (scaled) return multiply(cx, scaled.rest, literal(cx, -scaled.value, a.dtype));
  const difference = madeBy(cx, a, "Sub");
  // −(x − y) is y − x where neither is broadcast by the node.
  if (difference?.inputs.every((name) => sameShape(cx, name, a.base))) {
    const [x, y] = difference.inputs as [string, string];
    return apply(cx, "Sub", [under(a, y), under(a, x)], a.dtype);
  }
  return apply(cx, "Neg", [a], a.dtype);
}

function sameShape(cx: Context, a: string, b: string): boolean {
  return cx.graph.shapeOf(a).join() === cx.graph.shapeOf(b).join();
}

function maximum(cx: Context, a: Lazy, b: Lazy): Lazy {
  if (a.dtype === DType.Bool) return apply(cx, "Or", [a, b], DType.Bool);
  if (isFloat(a.dtype) && b.literal === 0) return apply(cx, "Relu", [a], a.dtype);
  if (isFloat(a.dtype) && a.literal === 0) return apply(cx, "Relu", [b], b.dtype);
  return apply(cx, "Max", [a, b], a.dtype);
}

function minimum(cx: Context, a: Lazy, b: Lazy): Lazy {
  return apply(cx, a.dtype === DType.Bool ? "And" : "Min", [a, b], a.dtype);
}

/** Division of integers rounds toward zero, as ONNX's does; of floats it is rounded here. */
function integerDivide(cx: Context, a: Lazy, b: Lazy): Lazy {
  const quotient = apply(cx, "Div", [a, b], a.dtype);
  if (!isFloat(a.dtype)) return quotient;
  const down = apply(cx, "Floor", [quotient], a.dtype);
  const up = apply(cx, "Ceil", [quotient], a.dtype);
  return select(cx, apply(cx, "Less", [quotient, literal(cx, 0, a.dtype)], DType.Bool), up, down);
}

/** The remainder takes the sign of the dividend, as in C. */
const modulo = (cx: Context, a: Lazy, b: Lazy): Lazy =>
  apply(cx, "Mod", [a, b], a.dtype, { attributes: { fmod: 1 } });

const byWidth: readonly DType[] = [
  DType.Bool,
  DType.Uint32,
  DType.Int32,
  DType.Float16,
  DType.Float32,
  DType.Float64,
];

/** The type in which two operands are compared: the wider one, a literal giving way. */
function commonType(a: Lazy, b: Lazy): DType {
  if (a.dtype === b.dtype) return a.dtype;
  if (a.literal !== undefined && (isFloat(b.dtype) || !isFloat(a.dtype))) return b.dtype;
  if (b.literal !== undefined && (isFloat(a.dtype) || !isFloat(b.dtype))) return a.dtype;
  return byWidth[Math.max(byWidth.indexOf(a.dtype), byWidth.indexOf(b.dtype))] as DType;
}

const compare: Rule = (cx, eqn, inputs) => {
  const { op } = paramsOf<{ op: "less" | "equal" | "not_equal" | "less_equal" }>(eqn);
  const [x, y] = inputs as [Lazy, Lazy];
  const type = commonType(x, y);
  // bool has Equal, but no order in ONNX.
  const used = type === DType.Bool && op.startsWith("less") ? DType.Int32 : type;
  const [a, b] = [convert(cx, x, used), convert(cx, y, used)];
  if (a.literal !== undefined && b.literal !== undefined) {
    const holds = {
      less: a.literal < b.literal,
      equal: a.literal === b.literal,
      not_equal: a.literal !== b.literal,
      less_equal: a.literal <= b.literal,
    }[op];
    return [literal(cx, Number(holds), DType.Bool, outShape(eqn))];
  }
  if (op === "not_equal") return [apply(cx, "Not", [apply(cx, "Equal", [a, b], DType.Bool)], DType.Bool)];
  const name = { less: "Less", equal: "Equal", less_equal: "LessOrEqual" }[op];
  return [apply(cx, name, [a, b], DType.Bool)];
};

/** True for a value that follows from constants alone. */
function isConstant(graph: Graph, name: string): boolean {
  if (graph.constantOf(name) !== undefined) return true;
  const made = graph.producer(name);
  return made?.inputs.every((input) => isConstant(graph, input)) ?? false;
}

/** |x| as jax-js writes it: −x where x < 0, else x. */
function absolute(cx: Context, condition: Lazy, x: Lazy, y: Lazy): Lazy | undefined {
  const less = madeBy(cx, condition, "Less");
  const minus = madeBy(cx, x, "Neg");
  if (less === undefined || minus?.inputs[0] !== y.base || less.inputs[0] !== y.base) return undefined;
  const limit = cx.graph.constantOf(less.inputs[1] as string);
  if (limit?.data.length !== 1 || Number(limit.data[0]) !== 0) return undefined;
  return sameLayout(x, y) && sameLayout(condition, y) ? apply(cx, "Abs", [y], y.dtype) : undefined;
}

/** x where the condition holds, else y. ONNX Runtime selects no booleans, so these are logic. */
export function select(cx: Context, condition: Lazy, x: Lazy, y: Lazy): Lazy {
  if (x.dtype !== DType.Bool) return apply(cx, "Where", [condition, x, y], x.dtype);
  const not = apply(cx, "Not", [condition], x.dtype);
  return apply(
    cx,
    "Or",
    [apply(cx, "And", [condition, x], x.dtype), apply(cx, "And", [not, y], x.dtype)],
    x.dtype,
  );
}

const where: Rule = (cx, eqn, inputs) => {
  const [condition, x, y] = inputs as [Lazy, Lazy, Lazy];
  const dtype = outType(eqn);
  const [a, b] = [convert(cx, x, dtype), convert(cx, y, dtype)];
  if (condition.literal !== undefined) return [stretched(condition.literal ? a : b, eqn)];
  const result = absolute(cx, condition, a, b) ?? select(cx, condition, a, b);
  // A constant mask summed is a product with zeros and ones: how jax-js writes cumulative sums.
  const masks =
    isFloat(dtype) && b.literal === 0 && a.literal === undefined && isConstant(cx.graph, condition.base);
  if (masks) rememberProduct(result, convert(cx, condition, dtype), a);
  return [result];
};

const bitCombine: Rule = (cx, eqn, inputs) => {
  const { op } = paramsOf<{ op: "and" | "or" | "xor" }>(eqn);
  const dtype = outType(eqn);
  const names =
    dtype === DType.Bool
      ? { and: "And", or: "Or", xor: "Xor" }
      : { and: "BitwiseAnd", or: "BitwiseOr", xor: "BitwiseXor" };
  return [
    apply(
      cx,
      names[op],
      inputs.map((v) => convert(cx, v, dtype)),
      dtype,
    ),
  ];
};

/** Rules of the primitives that work element by element. */
export const elementwiseRules: Readonly<Record<string, Rule>> = {
  add: binary(add, (a, b) => a + b),
  mul: binary(product, (a, b) => a * b),
  idiv: binary(integerDivide, (a, b) => Math.trunc(a / b)),
  mod: binary(modulo, (a, b) => a % b),
  min: binary(minimum, Math.min),
  max: binary(maximum, Math.max),
  neg: unary(negate, (a) => -a),
  reciprocal: unary(node("Reciprocal"), (a) => 1 / a),
  floor: unary(floorLike("Floor"), Math.floor),
  ceil: unary(floorLike("Ceil"), Math.ceil),
  sin: unary(node("Sin"), Math.sin),
  cos: unary(node("Cos"), Math.cos),
  exp: unary(node("Exp"), Math.exp),
  log: unary(node("Log"), Math.log),
  sqrt: unary(node("Sqrt"), Math.sqrt),
  asin: unary(arcsine, Math.asin),
  atan: unary(arctangent, Math.atan),
  erf: unary(errorFunction, undefined),
  erfc: unary((cx, a) => add(cx, negate(cx, errorFunction(cx, a)), literal(cx, 1, a.dtype))),
  stop_gradient: (_cx, _eqn, inputs) => inputs,
  cast: (cx, eqn, [a]) => [convert(cx, a as Lazy, outType(eqn))],
  compare,
  where,
  bit_combine: bitCombine,
};

/** Rounding does nothing to integers, for which ONNX has no kernel. */
function floorLike(op: string) {
  return (cx: Context, a: Lazy) => (isFloat(a.dtype) ? apply(cx, op, [a], a.dtype) : a);
}
