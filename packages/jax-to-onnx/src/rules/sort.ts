import { DType } from "@jax-js/jax";
import { type Context, convert, literal, type Rule } from "../context.js";
import { isFloat } from "../jaxpr.js";
import { solid } from "../layout.js";
import { type Lazy, shapeOf } from "../lazy.js";
import { nth } from "../lists.js";
import { alongAxis } from "./movement.js";

/** Sorted values and their indices along the last axis: equal values keep their order, NaN comes last. */
function sorted(cx: Context, input: Lazy): [Lazy, Lazy] {
  const { graph } = cx;
  const axis = input.axes.length - 1;
  const size = nth(shapeOf(input), axis);
  if (size === 1) return [input, literal(cx, 0, DType.Int32, shapeOf(input))];
  // Booleans have no order in ONNX.
  const v = solid(graph, input.dtype === DType.Bool ? convert(cx, input, DType.Int32) : input, [axis]);
  const order = isFloat(v.dtype) ? floatsInOrder : inOrder;
  const [values, places] = ([0, 1] as const).map((which) =>
    alongAxis(cx, v, axis, size, (name, dim) => order(cx, name, dim, v.dtype)[which]),
  ) as [Lazy, Lazy];
  const base = graph.cast(places.base, "int32");
  return [convert(cx, values, input.dtype), { ...places, base, dtype: DType.Int32 }];
}

type InOrder = readonly [values: string, places: string];

function inOrder({ graph }: Context, name: string, axis: number): InOrder {
  const shape = graph.shapeOf(name);
  const outs = [
    { type: graph.typeOf(name), shape },
    { type: "int64", shape },
  ] as const;
  const attributes = { axis, largest: 0, sorted: 1 };
  const size = graph.ints([nth(shape, axis)]);
  return graph.nodesOf("TopK", [name, size], outs, { attributes });
}

/**
 * TopK leaves the order of NaN undefined, and NaN then disturbs other values. So NaN is treated as Infinity first; a
 * second stable pass, by whether a value is NaN, moves it to the end.
 */
function floatsInOrder(cx: Context, name: string, axis: number, dtype: DType): InOrder {
  const { graph } = cx;
  const [type, shape] = [graph.typeOf(name), graph.shapeOf(name)];
  const gather = (from: string, places: string) =>
    graph.like("GatherElements", [from, places], shape, { axis });
  const lost = graph.node("IsNaN", [name], { type: "bool", shape });
  const infinity = literal(cx, Number.POSITIVE_INFINITY, dtype).base;
  const [, first] = inOrder(cx, graph.node("Where", [lost, infinity, name], { type, shape }), axis);
  const last = graph.cast(lost, "int32");
  const [, second] = inOrder(cx, gather(last, first), axis);
  const places = gather(first, second);
  return [gather(name, places), places];
}

export const sortRules: Readonly<Record<string, Rule>> = {
  sort: (cx, _eqn, v) => [sorted(cx, v)[0]],
  argsort: (cx, _eqn, v) => sorted(cx, v),
};
