import type { OrdinaryLayer } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import type { Imported, ImportRule, OpCall } from "../call.js";
import { sliceRanges, splitSizes } from "../moving.js";
import { axesOf, broadcast, wholeNumbers } from "../shapes.js";
import { axisByAxis, inFile, range, takeAlong } from "./along.js";

/** Which entries of axes of an example are taken, in which order. */
type Taken = Readonly<{ axis: number; indices: readonly number[] }>;

/** An example with some of its entries, or with repeated ones. */
export function taking(
  call: OpCall,
  shape: Shape,
  taken: readonly Taken[],
): Imported & { shape: readonly number[] } {
  const { layers, shape: example } = axisByAxis(shape, taken, (current, { axis, indices }) => {
    if (indices.length === 0)
      throw call.unsupported("it takes no entries, which leaves nothing to go on with");
    return [indices.length, takeAlong(current, axis, indices)];
  });
  return located(call, layers, example);
}

/** The result of layers: where a file of batch 1 had no batch axis in front, a first axis of 1 counts as one from here on. */
function located(
  call: OpCall,
  layers: readonly OrdinaryLayer[],
  example: Shape,
): Imported & { shape: readonly number[] } {
  const { batched, moved } = call.first;
  const isBatch = !batched && moved === undefined && example[0] === 1;
  const own = isBatch ? example.slice(1) : example;
  const last: OrdinaryLayer = { kind: "reshape", shape: own.length > 0 ? own : [1] };
  return { layers: isBatch || own.length === 0 ? [...layers, last] : layers, shape: inFile(call, example) };
}

/** Data of this shape without some axes in front of the batch, which a Transpose has moved. */
export function withoutAxes(call: OpCall, gone: readonly number[], shape: readonly number[]): Imported {
  const { full, moved = 0 } = call.first;
  const axes = axesOf(call.node, gone, full.length);
  if (axes.length === 0 || axes.includes(moved))
    throw call.unsupported("it may remove the batch axis; name the axes that it removes");
  const at = moved - axes.filter((axis) => axis < moved).length;
  return {
    layers: [{ kind: "reshape", shape: at === 0 ? shape.slice(1) : shape }],
    shape,
    ...(at > 0 && { moved: at }),
  };
}

const slice: ImportRule = (call) => {
  const { full } = call.first;
  const ranges = sliceRanges(call.node, full, (i) => call.option(i, "range"));
  const changed = ranges.filter(({ axis, step, count }) => step !== 1 || count !== full[axis]);
  return taking(
    call,
    call.inShape,
    changed.map(({ axis, first, step, count }) => ({
      axis: call.axis(axis),
      indices: range(count, first, step),
    })),
  );
};

/** Entries of an axis by constants, whose axes take its place. */
const gather: ImportRule = (call) => {
  const { full } = call.first;
  const [fileAxis = 0] = axesOf(call.node, [call.int("axis") ?? 0], full.length);
  const given = call.constant(1, "indices");
  const size = full[fileAxis]!;
  const indices = wholeNumbers(call.node, given).map((i) => (i < 0 ? i + size : i));
  if (indices.some((i) => i < 0 || i >= size)) throw call.misfit(`has an index outside of 0..${size - 1}`);
  const axis = call.axis(fileAxis);
  const example = [...call.inShape.slice(0, axis), ...given.shape, ...call.inShape.slice(axis + 1)];
  const layers: OrdinaryLayer[] = [
    ...taking(call, call.inShape, [{ axis, indices }]).layers,
    { kind: "reshape", shape: example.length > 0 ? example : [1] },
  ];
  const { moved } = call.first;
  if (moved === undefined) return located(call, layers, example);
  if (given.shape.length > 0) return { layers, shape: inFile(call, example), moved };
  const removed = withoutAxes(call, [fileAxis], example);
  return { ...removed, layers: [...layers, ...removed.layers] };
};

/** The part that is the output number `call.output`. */
const split: ImportRule = (call) => {
  const { full } = call.first;
  const [fileAxis = 0] = axesOf(call.node, [call.int("axis") ?? 0], full.length);
  const size = full[fileAxis]!;
  const sizes = splitSizes(call.node, size, call.option(1, "sizes"));
  const first = sizes.slice(0, call.output).reduce((sum, n) => sum + n, 0);
  return taking(call, call.inShape, [
    { axis: call.axis(fileAxis), indices: range(sizes[call.output]!, first) },
  ]);
};

/** An example with more axes in front, as a file has it, so that it is as long as a target. */
function withAxes(call: OpCall, target: readonly number[]): Shape {
  const { batched, example } = call.first;
  const missing = target.length - call.first.full.length;
  if (missing > 0 && batched) throw call.unsupported("it adds an axis in front of the batch");
  return [...range(missing).map(() => 1), ...example];
}

const expand: ImportRule = (call) => {
  const { full, batched } = call.first;
  const target = broadcast(call.node, full, wholeNumbers(call.node, call.constant(1, "shape")));
  const example = withAxes(call, target);
  if (batched && target[0] !== full[0]) throw call.unsupported("it repeats the examples of a batch");
  const own = batched ? target.slice(1) : target;
  const wider = own.flatMap((size, axis) =>
    size === example[axis] ? [] : [{ axis, indices: range(size).map(() => 0) }],
  );
  const { layers, shape } = taking(call, example, wider);
  return { layers: [{ kind: "reshape", shape: example }, ...layers], shape };
};

const tile: ImportRule = (call) => {
  const repeats = wholeNumbers(call.node, call.constant(1, "repeats"));
  const more = repeats.flatMap((n, axis) => (n === 1 ? [] : [{ axis: call.axis(axis), n }]));
  return taking(
    call,
    call.inShape,
    more.map(({ axis, n }) => ({
      axis,
      indices: range(n * call.inShape[axis]!).map((i) => i % call.inShape[axis]!),
    })),
  );
};

export const selectingRules: { readonly [op: string]: ImportRule } = {
  Slice: slice,
  Gather: gather,
  Split: split,
  Expand: expand,
  Tile: tile,
};
