import type { OrdinaryLayer } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import type { OpCall } from "../call.js";

/** Layers that act on the axis of an example that a transpose brings to a place, and bring it back. */
function brought(shape: Shape, axis: number, to: "front" | "back", layer: OrdinaryLayer): OrdinaryLayer[] {
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const order = to === "front" ? [axis, ...others] : [...others, axis];
  const back = shape.map((_, i) => order.indexOf(i));
  return [{ kind: "transpose", order }, layer, { kind: "transpose", order: back }];
}

/** Entries of an axis, in this order. */
export const takeAlong = (shape: Shape, axis: number, indices: readonly number[]): OrdinaryLayer[] =>
  indices.length === shape[axis] && indices.every((from, to) => from === to)
    ? []
    : brought(shape, axis, "front", { kind: "take", indices });

/** The linear map of an axis whose rows are the weights of each result. */
export const mapAlong = (shape: Shape, axis: number, rows: readonly (readonly number[])[]): OrdinaryLayer[] =>
  brought(shape, axis, "back", {
    kind: "linear",
    out: rows.length,
    weights: { weight: Float64Array.from(rows.flat()) },
  });

/** Layers for one axis after the other: `layers` sees the shape at that time, and the axis then has a new size. */
export function axisByAxis<A extends { readonly axis: number }>(
  shape: Shape,
  changes: readonly A[],
  layers: (shape: Shape, change: A) => readonly [size: number, layers: readonly OrdinaryLayer[]],
): Readonly<{ layers: OrdinaryLayer[]; shape: Shape }> {
  let current = shape;
  const all = changes.flatMap((change) => {
    const [size, own] = layers(current, change);
    current = current.with(change.axis, size);
    return own;
  });
  return { layers: all, shape: current };
}

/** The shape in the file of an example of this shape. */
export const inFile = ({ first: { full, batched } }: OpCall, example: Shape): readonly number[] =>
  batched ? [full[0]!, ...example] : example;

/** Places from a first one on. */
export const range = (count: number, first = 0, step = 1): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step);
