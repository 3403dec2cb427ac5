import { type Context, wrap } from "../context.js";
import type { Graph } from "../graph.js";
import { paramsOf, sizeOf } from "../jaxpr.js";
import { solid } from "../layout.js";
import { type Lazy, padRank } from "../lazy.js";
import { alongAxis } from "../rules/movement.js";
import type { ReduceKind } from "../rules/reductions.js";
import type { Pass } from "./pass.js";

/** Which columns a triangular mask takes for each row. */
type Takes = "upToIt" | "beforeIt" | "fromIt" | "afterIt";

/** A constant triangular mask: the entries of the axis `columns` that it selects for each entry of the axis `rows`. */
type Triangle = Readonly<{ rows: number; columns: number; takes: Takes }>;

const triangles: Readonly<Record<Takes, (row: number, column: number) => boolean>> = {
  upToIt: (row: number, column: number) => column <= row,
  beforeIt: (row: number, column: number) => column < row,
  fromIt: (row: number, column: number) => column >= row,
  afterIt: (row: number, column: number) => column > row,
};

/** The same triangle with rows and columns swapped. */
const turned = {
  upToIt: "fromIt",
  beforeIt: "afterIt",
  fromIt: "upToIt",
  afterIt: "beforeIt",
} as const satisfies Record<Takes, Takes>;

/**
 * A sum over one axis of an array that is broadcast along another axis and masked by a triangle: the form of cumulative
 * sums in jax-js, and of their gradients. CumSum ignores masked entries, while a product with zeros and ones does not:
 * 0 · NaN is NaN. Undefined for any other sum.
 */
function cumulativeSum(cx: Context, v: Lazy, axes: readonly number[]): Lazy | undefined {
  const { masked } = cx.graph.originOf(v);
  const [summed = -1] = axes;
  const rank = v.axes.length;
  const triangle = masked && axes.length === 1 && triangleOf(cx.graph, padRank(masked.condition, rank));
  if (!triangle || ![triangle.rows, triangle.columns].includes(summed)) return undefined;
  const x = padRank(masked.x, rank);
  const byRows = summed === triangle.columns;
  const kept = byRows ? triangle.rows : triangle.columns;
  if (x.axes[kept]?.some((f) => !f.lazy)) return undefined;
  const takes = byRows ? triangle.takes : turned[triangle.takes];
  const moved = { ...x, axes: x.axes.with(kept, x.axes[summed] ?? []).toSpliced(summed, 1) };
  const axis = kept > summed ? kept - 1 : kept;
  const { graph } = cx;
  const attributes = {
    exclusive: Number(takes === "beforeIt" || takes === "afterIt"),
    reverse: Number(takes === "fromIt" || takes === "afterIt"),
  };
  const held = solid(graph, moved, [axis]);
  const size = held.axes[axis]?.[0]?.size ?? 1;
  const sum = alongAxis(cx, held, axis, size, (name, dim, shape) => {
    const inputs = [name, graph.constant(Int32Array.of(dim), "int32", [])];
    return graph.node("CumSum", inputs, { type: graph.typeOf(name), shape }, { attributes });
  });
  return wrap(cx, sum);
}

/** The triangle of a mask that compares two constants, one along each of its axes. */
function triangleOf(graph: Graph, mask: Lazy): Triangle | undefined {
  const made = graph.producer(mask.base);
  const [outer, inner] = mask.order;
  if (!made || !outer || !inner || mask.order.length > 2 || outer.size !== inner.size) return undefined;
  const order = { Less: (a: number, b: number) => a < b, LessOrEqual: (a: number, b: number) => a <= b }[
    made.op
  ];
  const size = outer.size;
  const [left, right] = made.inputs.map((name) => vectorOf(graph, name, size));
  if (!order || !left || !right || left.isInner === right.isInner) return undefined;
  const at = ({ numbers, isInner }: Vector, i: number, j: number): number =>
    numbers[isInner ? j : i] as number;
  const places = Array.from({ length: size * size }, (_, k) => [Math.floor(k / size), k % size] as const);
  const takes = (Object.keys(triangles) as Takes[]).find((name) =>
    places.every(([i, j]) => order(at(left, i, j), at(right, i, j)) === triangles[name](i, j)),
  );
  const [rows, columns] = [outer, inner].map((f) =>
    mask.axes.findIndex((axis) => axis.length === 1 && axis[0] === f),
  );
  if (takes === undefined || rows === undefined || columns === undefined || rows < 0 || columns < 0)
    return undefined;
  return { rows, columns, takes };
}

type Vector = Readonly<{ numbers: readonly number[]; isInner: boolean }>;

/** A constant that varies along one of two axes of this size. */
function vectorOf(graph: Graph, name: string, size: number): Vector | undefined {
  let source = name;
  for (let made = graph.producer(source); made?.op === "Reshape"; made = graph.producer(source))
    source = made.inputs[0] as string;
  const data = graph.constantOf(source)?.data;
  const shape = graph.shapeOf(name);
  if (data?.length !== size || sizeOf(shape) !== size) return undefined;
  return { numbers: Array.from(data, Number), isInner: shape.at(-1) === size };
}

export const cumulativeSums: Pass = {
  name: "cumulative-sums",
  why: "jax-js sums n masked copies of n numbers; CumSum makes no copies",
  equations: {
    reduce: (cx, eqn, [v]) => {
      const { op, axis } = paramsOf<{ op: ReduceKind; axis: number[] }>(eqn);
      const sum = op === "Add" ? cumulativeSum(cx, v as Lazy, axis) : undefined;
      return sum && [sum];
    },
  },
};
