import { DType } from "@jax-js/jax";
import { type Context, convert, type Rule } from "../context.js";
import { solid } from "../layout.js";
import { canonical, type Lazy, ofBuffer, shapeOf } from "../lazy.js";
import { alongAxis } from "./movement.js";

/** Sorted values and their places along the last axis; equal values keep their order. */
function sorted(cx: Context, input: Lazy): [Lazy, Lazy] {
  const { graph } = cx;
  const axis = input.axes.length - 1;
  const size = shapeOf(input)[axis] as number;
  // Booleans have no order in ONNX.
  const v = solid(graph, input.dtype === DType.Bool ? convert(cx, input, DType.Int32) : input, [axis]);
  if (size === 1) return [input, zeros(cx, input)];
  const output = (which: 0 | 1) =>
    alongAxis(cx, v, axis, size, (name, dim, shape) => {
      const outs = [
        { type: graph.typeOf(name), shape },
        { type: "int64", shape },
      ] as const;
      const attributes = { axis: dim, largest: 0, sorted: 1 };
      return graph.nodes("TopK", [name, graph.ints([size])], outs, { attributes })[which] as string;
    });
  const values = convert(cx, output(0), input.dtype);
  const places = output(1);
  const base = graph.node(
    "Cast",
    [places.base],
    { type: "int32", shape: graph.shapeOf(places.base) },
    { attributes: { to: 6 } },
  );
  return [values, { ...places, base, dtype: DType.Int32 }];
}

function zeros(cx: Context, like: Lazy): Lazy {
  const zero = ofBuffer(cx.graph.constant(Int32Array.of(0), "int32", []), DType.Int32, []);
  const axes = shapeOf(like).map((size) => (size === 1 ? [] : [{ size, lazy: true }]));
  return canonical({ ...zero, axes, literal: 0 });
}

export const sortRules: Readonly<Record<string, Rule>> = {
  sort: (cx, _eqn, [v]) => [sorted(cx, v as Lazy)[0]],
  argsort: (cx, _eqn, [v]) => sorted(cx, v as Lazy),
};
