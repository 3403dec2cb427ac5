import { DType } from "@jax-js/jax";
import { apply, type Context, cast, literal, madeBy, wrap } from "../context.js";
import { isFloat } from "../jaxpr.js";
import { grouped } from "../layout.js";
import { bufferSize, canonical, type Factor, type Lazy } from "../lazy.js";
import { sizeOf } from "../lists.js";

export const operators = { Add: "ReduceSum", Mul: "ReduceProd", Min: "ReduceMin", Max: "ReduceMax" } as const;

export type ReduceKind = keyof typeof operators;

/** Reduces the buffer over the factors selected by `gone`; the caller must drop their axes. */
export function reduceFactors(cx: Context, v: Lazy, op: string, gone: (f: Factor) => boolean): Lazy {
  if (!v.order.some(gone)) return v;
  const { graph } = cx;
  const { name, shape, keys } = grouped(graph, v, gone);
  const axes = keys.flatMap((key, i) => (key ? [i] : []));
  // Reduced dimensions stay as ones, so that the result broadcasts against its siblings; leading ones
  // are not needed for that, and would make the ranks of later results grow.
  const prefix = keys.lastIndexOf(true) === axes.length - 1;
  const node = (from: string, along: readonly number[], to: readonly number[]) => {
    const attributes = { keepdims: prefix ? 0 : 1 };
    return graph.like(op, [from, graph.ints(along)], to, attributes);
  };
  const rest = shape.slice(axes.length);
  // Large rows are numbers in a row for what reads them, too.
  const flat = prefix && rest.length > 1 && bufferSize(v) >= graph.target.sums.size;
  const base = flat
    ? graph.reshape(
        node(graph.reshape(name, [sizeOf(shape) / sizeOf(rest), sizeOf(rest)]), [0], [sizeOf(rest)]),
        rest,
      )
    : node(name, axes, prefix ? rest : shape.map((n, i) => (keys[i] ? 1 : n)));
  return { base, dtype: v.dtype, order: v.order.filter((f) => !gone(f)), axes: v.axes };
}

/** A sum over lazy factors multiplies by their size; a product raises to the power. */
export function repeated(cx: Context, v: Lazy, op: ReduceKind, times: number): Lazy {
  if (times === 1 || op === "Min" || op === "Max") return v;
  if (v.literal !== undefined) {
    const value = op === "Add" ? v.literal * times : v.literal ** times;
    return { ...literal(cx, value, v.dtype), axes: v.axes };
  }
  const result = apply(cx, op === "Add" ? "Mul" : "Pow", [v, literal(cx, times, v.dtype)], v.dtype);
  return op === "Add" ? wrap(cx, result) : result;
}

/**
 * The extreme of x − 2³¹ in int32, which has the same order: ONNX Runtime's ReduceMax and ReduceMin of the int64
 * representation of uint32 read only 32 bits.
 */
function extremeOfUint32(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const [S, U] = [DType.Int32, DType.Uint32];
  const middle = literal(cx, 2 ** 31, U);
  const signed = cast(cx, apply(cx, "Sub", [v, middle], U), S);
  const extreme = cast(cx, reduceAxes(cx, signed, op, axes), U);
  return apply(cx, "Add", [extreme, middle], U);
}

/** Reduces logical axes by the operators of ONNX Runtime. */
export function reduceAxes(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const gone = new Set(axes.flatMap((i) => v.axes[i] ?? []));
  const times = [...gone].reduce((n, f) => (f.lazy ? n * f.size : n), 1);
  const kept = (w: Lazy) => canonical({ ...w, axes: w.axes.filter((_, i) => !axes.includes(i)) });
  if (v.literal !== undefined) return kept(repeated(cx, v, op, times));
  if (v.dtype === DType.Uint32 && (op === "Min" || op === "Max")) return extremeOfUint32(cx, v, op, axes);
  // x · x summed is one node that writes no square.
  const real = op === "Add" && isFloat(v.dtype) && v.order.some((f) => gone.has(f));
  const square = real && !cx.graph.target.without.has("squares") ? madeBy(cx, v, "Mul") : undefined;
  const [x, y] = square?.inputs ?? [];
  const isSquare = x !== undefined && x === y;
  if (isSquare) cx.graph.count("squares");
  const reduced = isSquare
    ? reduceFactors(cx, { ...v, base: x }, "ReduceSumSquare", (f) => gone.has(f))
    : reduceFactors(cx, v, operators[op], (f) => gone.has(f));
  return repeated(cx, wrap(cx, kept(reduced)), op, times);
}
