import { type Context, constant } from "../../context.js";
import { inOrder, solid } from "../../layout.js";
import { type Lazy, shapeOf, view } from "../../lazy.js";
import { leading, sizeOf } from "../../lists.js";
import { contract } from "../../rules/dot.js";
import { alongAxis } from "../../rules/movement.js";
import {
  columnsOf,
  isIdentity,
  kronecker,
  type Minimal,
  type Operand,
  type Rows,
  turned,
} from "./minimal-filtering.js";

/** Minimal filtering of all axes, and the matrices of each operand, applied one after another. */
export type Filtering = Readonly<{
  axes: readonly Minimal[];
  steps: Readonly<Record<Operand, readonly Rows[]>>;
}>;

/** The matrices are one for each axis, or one for all if that costs little more. */
export function filteringOf(axes: readonly Minimal[] | undefined, merged: number): Filtering | undefined {
  const of = (operand: Operand) => stepsOf(axes ?? [], operand, merged);
  return axes && { axes, steps: { input: of("input"), kernel: of("kernel"), output: of("output") } };
}

/** Multiplications of the transformations and the products, and numbers written. */
export function minimalCost(
  n: number,
  c: number,
  o: number,
  { axes, steps: all }: Filtering,
): { products: number; written: number } {
  const total = (of: (axis: Minimal) => number) => sizeOf(axes.map(of));
  let products = total(({ points, tiles }) => points * tiles) * n * c * o;
  let written = 0;
  for (const [operand, examples] of [
    ["input", n * c],
    ["kernel", o * c],
    ["output", n * o],
  ] as const) {
    const steps = all[operand];
    const sizes = steps.map(columnsOf);
    steps.forEach((rows, i) => {
      if (isIdentity(rows)) return;
      sizes[i] = rows.length;
      written += examples * sizeOf(sizes);
      products += examples * sizeOf(sizes) * columnsOf(rows);
    });
  }
  return { products, written };
}

/**
 * [N, C, …] * [O, C, …] -> [N, O, …] by minimal filtering. The axes of the image are outermost in the buffers, so that
 * every transformation is a matrix product without transposition.
 */
export function minimalProduct(cx: Context, x: Lazy, w: Lazy, filtering: Filtering): Lazy {
  const { axes } = filtering;
  const rank = axes.length;
  const gradient = axes.every(({ roles }) => roles.output === "t");
  // The summed axis is innermost for channels, and in the middle for the batch.
  const left = split(transformed(cx, x, filtering, "input", gradient ? [1, 0] : [0, 1]), axes, "input");
  const right = split(transformed(cx, w, filtering, "kernel", [1, 0]), axes, "kernel");
  // logical axes [n, o, (i, tile) of each axis, c]
  const channels = 2 + 2 * rank;
  const a = { ...left, axes: [left.axes[0] ?? [], [], ...left.axes.slice(2), left.axes[1] ?? []] };
  const b = { ...right, axes: [[], right.axes[0] ?? [], ...right.axes.slice(2), right.axes[1] ?? []] };
  const tiles = axes.flatMap(({ roles }, i) => (roles.output === "t" ? [3 + 2 * i] : []));
  const spatial = Array.from({ length: 2 * rank - tiles.length }, (_, i) => i + 2);
  const outer = gradient && cx.wanted ? cx.wanted.filter((axis) => axis < 2) : [0, 1];
  const product = contract({ ...cx, wanted: [...spatial, ...outer] }, a, b, [...tiles, channels]);
  const sizes = axes.map((axis) => (axis.roles.output === "t" ? axis.points : axis.points * axis.tiles));
  return untransformed(cx, view(product, [...shapeOf(product).slice(0, 2), ...sizes]), filtering);
}

/** Rows (i, tile) of each axis as two axes; an operand with the short index has no tiles. */
function split(v: Lazy, axes: readonly Minimal[], operand: "input" | "kernel"): Lazy {
  const sizes = axes.flatMap(({ points, tiles, roles }) => [points, roles[operand] === "t" ? 1 : tiles]);
  return view(v, [...shapeOf(v).slice(0, 2), ...sizes]);
}

/** An operand with its axes outermost, transformed along each of them; `inner`: the order of the other two. */
function transformed(
  cx: Context,
  v: Lazy,
  { axes, steps: all }: Filtering,
  operand: "input" | "kernel",
  inner: readonly number[],
): Lazy {
  const steps = all[operand];
  const [n, c] = leading(shapeOf(v), 2);
  const flat = view(v, [n, c, ...steps.map((rows) => columnsOf(rows))]);
  const order = [...steps.keys()].map((i) => i + 2).concat(inner);
  const isLazy = flat.axes.flat().some((f) => f.lazy);
  const held = isLazy ? solid(cx.graph, flat, order) : flat;
  const result = steps.reduce((u, rows, i) => along(cx, u, 2 + i, rows), inOrder(cx.graph, held, order));
  return view(result, [n, c, ...axes.map(({ matrices, roles }) => matrices[roles[operand]].length)]);
}

/** The transposed transformations, last axis first. */
function untransformed(cx: Context, v: Lazy, { axes, steps: { output: steps } }: Filtering): Lazy {
  const [n, o] = leading(shapeOf(v), 2);
  const flat = view(v, [n, o, ...steps.map((rows) => rows.length)]);
  const result = steps.reduceRight((u, rows, i) => along(cx, u, 2 + i, turned(rows)), flat);
  return view(result, [n, o, ...axes.map(({ matrices, roles }) => columnsOf(matrices[roles.output]))]);
}

function stepsOf(axes: readonly Minimal[], operand: Operand, merged: number): readonly Rows[] {
  const each = axes.map(({ matrices, roles }) => matrices[roles[operand]]);
  const sizes = each.map(columnsOf);
  const atOnce = sizeOf(sizes) * sizeOf(each.map((rows) => rows.length));
  const inTurn = each.reduce((sum, rows, i) => {
    sizes[i] = rows.length;
    return sum + sizeOf(sizes) * columnsOf(rows);
  }, 0);
  return atOnce <= merged * inTurn ? [each.reduce(kronecker)] : each;
}

/** A matrix applied along one axis, without changing the order of the buffer. */
function along(cx: Context, v: Lazy, axis: number, rows: Rows): Lazy {
  if (isIdentity(rows)) return v;
  const { graph } = cx;
  const shape = [rows.length, columnsOf(rows)];
  const left = constant(graph, rows.flat(), { dtype: v.dtype, shape });
  return alongAxis(cx, solid(graph, v, [axis]), axis, rows.length, (name, dim, made) => {
    const [before, after] = [sizeOf(made.slice(0, dim)), sizeOf(made.slice(dim + 1))];
    const outer = before === 1 ? [] : [before];
    const right = graph.reshape(name, [...outer, columnsOf(rows), after]);
    return graph.reshape(graph.like("MatMul", [left, right], [...outer, rows.length, after]), made);
  });
}
