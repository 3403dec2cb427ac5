import { DType } from "@jax-js/jax";
import { apply, type Context, literal, madeBy, typedData, wrap } from "../context.js";
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
  const base =
    (prefix && cheaper(graph, op, name, axes.length, v.dtype)) ||
    graph.node(
      op,
      [name, graph.ints(axes)],
      {
        type: graph.typeOf(name),
        shape: prefix ? shape.slice(axes.length) : shape.map((n, i) => (keys[i] ? 1 : n)),
      },
      { attributes: { keepdims: prefix ? 0 : 1 } },
    );
  return { base, dtype: v.dtype, order: v.order.filter((f) => !gone(f)), axes: v.axes };
}

/**
 * Adjacent entries, all summed or all kept, up to which ONNX Runtime's sums are slow, because they process so few at a
 * time.
 */
const SHORT_RUN = 7;

/**
 * Rows up to which sums over the middle of an array are slow, and adjacent entries for which they are slow with any
 * number of rows.
 */
const SHORT_SUM = 64;
const SHORTEST_RUN = 2;

/**
 * Sums over the outermost axis if there are few innermost numbers: a sum of [12544, 9, 2] over its second axis takes
 * 2.1 ms, and 0.2 as one of [9, 25088] with the Transpose. ONNX Runtime's maxima are faster in the present layout.
 */
function sumInFront(graph: Graph, v: Lazy, gone: (f: Factor) => boolean): Lazy {
  const [summed, kept] = [v.order.filter(gone), v.order.filter((f) => !gone(f))];
  const size = (factors: readonly Factor[]) => sizeOf(factors.map((f) => f.size));
  const keepsInnermost = !gone(v.order.at(-1) as Factor);
  const run = size(v.order.slice(v.order.findLastIndex((f) => gone(f) === keepsInnermost) + 1));
  const isSlow = run <= SHORT_RUN && (!keepsInnermost || run <= SHORTEST_RUN || size(summed) <= SHORT_SUM);
  if (!isSlow || kept.length === 0 || bufferSize(v) < LARGE_SUM || !isFloat(v.dtype)) return v;
  return arrange(graph, v, [...summed, ...kept]);
}

/** A reduction over the first dimensions by other nodes, if these are faster. */
const cheaper = (graph: Graph, op: string, name: string, count: number, dtype: DType): string | undefined =>
  op === "ReduceSum" ? sumByProduct(graph, name, count, dtype) : extremeOfRows(graph, op, name, count, dtype);

/** Most rows for an elementwise maximum. */
const FEW_ROWS = 8;

/**
 * The maximum or minimum of a few long rows, as of the components of a mixture, element by element, in a third of the
 * time of ReduceMax in ONNX Runtime. Undefined for many or short rows.
 */
function extremeOfRows(
  graph: Graph,
  op: string,
  name: string,
  count: number,
  dtype: DType,
): string | undefined {
  const extreme = ({ ReduceMax: "Max", ReduceMin: "Min" } as Readonly<Record<string, string>>)[op];
  const shape = graph.shapeOf(name);
  const kept = shape.slice(count);
  const [rows, columns] = [sizeOf(shape.slice(0, count)), sizeOf(kept)];
  if (extreme === undefined || !isFloat(dtype) || rows > FEW_ROWS || rows * columns < LARGE_SUM)
    return undefined;
  const type = graph.typeOf(name);
  const row = { type, shape: [1, columns] };
  const parts = graph.nodes(
    "Split",
    [graph.reshape(name, [rows, columns]), graph.ints(Array<number>(rows).fill(1))],
    Array(rows).fill(row),
    { attributes: { axis: 0 } },
  );
  return graph.reshape(graph.node(extreme, parts, row), kept);
}

/** Elements of a buffer, and of a row that is summed, from which on a product is faster than ReduceSum. */
const LARGE_SUM = 16384;
const LONG_ROW = 32;

/** A product adds its rows one after another; more rows than this lose digits, and are summed in parts. */
const MOST_ROWS = 4096;

/**
 * The sum over the first dimensions as a product with a row of ones, which ONNX Runtime computes in a fifth of the
 * time; undefined for a small sum, or one not of floats.
 */
function sumByProduct(graph: Graph, name: string, count: number, dtype: DType): string | undefined {
  const shape = graph.shapeOf(name);
  const kept = shape.slice(count);
  const [rows, columns] = [sizeOf(shape.slice(0, count)), sizeOf(kept)];
  if (!isFloat(dtype) || rows * columns < LARGE_SUM || columns < LONG_ROW) return undefined;
  const parts = Math.ceil(rows / MOST_ROWS);
  if (rows % parts !== 0) return undefined;
  const type = graph.typeOf(name);
  const ones = graph.constant(typedData(Array<number>(rows / parts).fill(1), dtype), type, [rows / parts]);
  const matrices = graph.reshape(name, parts === 1 ? [rows, columns] : [parts, rows / parts, columns]);
  const lead = parts === 1 ? [] : [parts];
  const sums = graph.node("MatMul", [ones, matrices], { type, shape: [...lead, columns] });
  if (parts === 1) return graph.reshape(sums, kept);
  const total = graph.node(
    "ReduceSum",
    [sums, graph.ints([0])],
    { type, shape: [columns] },
    { attributes: { keepdims: 0 } },
  );
  return graph.reshape(total, kept);
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

/** Reduces logical axes. */
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
  const square = real ? madeBy(cx, v, "Mul") : undefined;
  const [x, y] = square?.inputs ?? [];
  const reduced =
    x !== undefined && x === y
      ? reduceFactors(cx, { ...v, base: x }, "ReduceSumSquare", (f) => gone.has(f))
      : reduceFactors(cx, v, operators[op], (f) => gone.has(f));
  return repeated(cx, wrap(cx, kept(reduced)), op, times);
}
