import { DType } from "@jax-js/jax";
import { apply, type Context, literal, madeBy, wrap } from "../context.js";
import type { Graph } from "../graph.js";
import { isFloat, sizeOf } from "../jaxpr.js";
import { arrange, grouped } from "../layout.js";
import { bufferSize, canonical, type Factor, type Lazy } from "../lazy.js";

export const operators = { Add: "ReduceSum", Mul: "ReduceProd", Min: "ReduceMin", Max: "ReduceMax" } as const;

export type ReduceKind = keyof typeof operators;

/** Reduces the buffer over the factors selected by `gone`; the caller must drop their axes. */
export function reduceFactors(cx: Context, value: Lazy, op: string, gone: (f: Factor) => boolean): Lazy {
  if (!value.order.some(gone)) return value;
  const { graph } = cx;
  const v = op === "ReduceSum" ? sumInFront(graph, value, gone) : value;
  const { name, shape, keys } = grouped(graph, v, gone);
  const axes = keys.flatMap((key, i) => (key ? [i] : []));
  // Reduced dimensions stay as ones, so that the result broadcasts against its siblings; leading ones
  // are not needed for that, and would make the ranks of later results grow.
  const prefix = keys.lastIndexOf(true) === axes.length - 1;
  const node = (from: string, along: readonly number[], to: readonly number[]) => {
    const attributes = { keepdims: prefix ? 0 : 1 };
    return graph.node(op, [from, graph.ints(along)], { type: graph.typeOf(name), shape: to }, { attributes });
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

/**
 * Sums over the outermost axis if there are few innermost numbers: a sum of [12544, 9, 2] over its second axis takes
 * 2.1 ms, and 0.2 as one of [9, 25088] with the Transpose. ONNX Runtime's maxima are faster in the present layout.
 */
function sumInFront(graph: Graph, v: Lazy, gone: (f: Factor) => boolean): Lazy {
  const [summed, kept] = [v.order.filter(gone), v.order.filter((f) => !gone(f))];
  const size = (factors: readonly Factor[]) => sizeOf(factors.map((f) => f.size));
  const keepsInnermost = !gone(v.order.at(-1) as Factor);
  const run = size(v.order.slice(v.order.findLastIndex((f) => gone(f) === keepsInnermost) + 1));
  const { sums } = graph.target;
  const isSlow =
    run <= sums.shortRun && (!keepsInnermost || run <= sums.alwaysShortRun || size(summed) <= sums.shortSum);
  if (!isSlow || kept.length === 0 || bufferSize(v) < sums.size || !isFloat(v.dtype)) return v;
  if (graph.target.without.has("sums-in-front")) return v;
  graph.count("sums-in-front");
  return arrange(graph, v, [...summed, ...kept]);
}

/** A sum over lazy factors multiplies by their size; a product raises to the power. */
export function repeated(cx: Context, v: Lazy, op: ReduceKind, times: number): Lazy {
  if (times === 1 || op === "Min" || op === "Max") return v;
  if (op === "Add") {
    if (v.literal !== undefined) return { ...literal(cx, v.literal * times, v.dtype), axes: v.axes };
    return wrap(cx, apply(cx, "Mul", [v, literal(cx, times, v.dtype)], v.dtype));
  }
  if (v.literal !== undefined) return { ...literal(cx, v.literal ** times, v.dtype), axes: v.axes };
  return apply(cx, "Pow", [v, literal(cx, times, v.dtype)], v.dtype);
}

/**
 * The extreme of x − 2³¹ in int32, which has the same order: ONNX Runtime's ReduceMax and ReduceMin of the int64
 * representation of uint32 read only 32 bits.
 */
function extremeOfUint32(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const [S, U] = [DType.Int32, DType.Uint32];
  const middle = literal(cx, 2 ** 31, U);
  const signed = apply(cx, "Cast", [apply(cx, "Sub", [v, middle], U)], S, { attributes: { to: 6 } });
  const extreme = apply(cx, "Cast", [reduceAxes(cx, signed, op, axes)], U, { attributes: { to: 7 } });
  return apply(cx, "Add", [extreme, middle], U);
}

/** Reduces logical axes by the operators of ONNX Runtime. */
export function reduceAxes(cx: Context, v: Lazy, op: ReduceKind, axes: readonly number[]): Lazy {
  const gone = new Set(axes.flatMap((i) => v.axes[i] ?? []));
  const times = [...gone].reduce((n, f) => (f.lazy ? n * f.size : n), 1);
  const kept = (w: Lazy) => canonical({ ...w, axes: w.axes.filter((_, i) => !axes.includes(i)) });
  if (v.literal !== undefined) {
    const result = kept(repeated(cx, v, op, times));
    return result;
  }
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
