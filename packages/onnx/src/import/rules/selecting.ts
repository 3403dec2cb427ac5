import type { OrdinaryLayer } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { Imported, ImportRule, OpCall } from "../call.js";
import { sliceRanges } from "../moving.js";
import { axesOf, broadcast, wholeNumbers } from "../shapes.js";
import { axisByAxis, mapAlong, takeAlong } from "./along.js";

/** The shape in the file of an example of this shape. */
const inFile = ({ first: { full, batched } }: OpCall, example: Shape): readonly number[] =>
  batched ? [full[0]!, ...example] : example;

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

const range = (count: number, first = 0, step = 1): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step);

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
  const count = call.int("num_outputs") ?? call.node.outputs.length;
  const given = call.option(1, "sizes");
  const chunk = Math.ceil(size / count);
  const sizes = given
    ? wholeNumbers(call.node, given)
    : (call.ints("split") ?? range(count).map((i) => Math.min(chunk, size - i * chunk)));
  if (sizes.reduce((sum, n) => sum + n, 0) !== size || sizes.some((n) => n < 1))
    throw call.misfit(`splits ${size} entries into [${sizes.join(", ")}]`);
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

/** Where an entry of a resized axis lies on the axis before, by the name of the transformation. */
const coordinates: {
  readonly [mode: string]: (i: number, scale: number, from: number, to: number) => number;
} = {
  half_pixel: (i, scale) => (i + 0.5) / scale - 0.5,
  pytorch_half_pixel: (i, scale, _, to) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
  asymmetric: (i, scale) => i / scale,
  align_corners: (i, _, from, to) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0),
};

const roundings: { readonly [mode: string]: (at: number) => number } = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

const clamp = (v: number, size: number): number => Math.min(Math.max(v, 0), size - 1);

/** Weights of the entries beside a place between them. */
function between(at: number, size: number): number[] {
  const place = clamp(at, size);
  return range(size).map((i) => Math.max(0, 1 - Math.abs(i - place)));
}

/** Old files have Upsample, and Resize without transformations: both multiply indices. */
const resize: ImportRule = (call) => {
  const { full } = call.first;
  const isOld = call.node.op === "Upsample" || call.opset < 11;
  const mode = call.string("mode") ?? "nearest";
  const transformation = isOld
    ? "asymmetric"
    : (call.string("coordinate_transformation_mode") ?? "half_pixel");
  const place = Object.hasOwn(coordinates, transformation) ? coordinates[transformation] : undefined;
  const rounding = isOld ? "floor" : (call.string("nearest_mode") ?? "round_prefer_floor");
  const round = Object.hasOwn(roundings, rounding) ? roundings[rounding] : undefined;
  const isLinear = mode === "linear" || mode === "bilinear";
  if (!place || !round || !(isLinear || mode === "nearest") || call.flag("antialias"))
    throw call.unsupported(
      `it resizes by ${mode}, ${transformation}, ${rounding}${call.flag("antialias") ? ", antialias" : ""}; expected nearest or linear by ${Object.keys(coordinates).join(", ")}`,
    );
  const policy = call.string("keep_aspect_ratio_policy") ?? "stretch";
  if (policy !== "stretch")
    throw call.unsupported(`its keep_aspect_ratio_policy is ${policy}, expected stretch`);
  const sizes = isOld ? undefined : call.option(3, "sizes");
  const scales = call.option(isOld ? 1 : 2, "scales");
  const scaled = scales?.data.length ? Array.from(scales.data) : call.floats("scales");
  const axes = axesOf(call.node, call.ints("axes") ?? range(full.length), full.length);
  const wanted = sizes
    ? wholeNumbers(call.node, sizes)
    : scaled?.map((s, i) => Math.floor(full[axes[i]!]! * s));
  if (wanted?.length !== axes.length) throw call.misfit("has neither sizes nor scales for its axes");
  const changed = axes.flatMap((axis, i) => {
    const [from, to] = [full[axis]!, wanted[i]!];
    return from === to ? [] : [{ axis: call.axis(axis), to, scale: sizes ? to / from : scaled![i]! }];
  });
  const { layers, shape } = axisByAxis(call.inShape, changed, (current, { axis, to, scale }) => {
    const from = current[axis]!;
    const places = range(to).map((i) => place(i, scale, from, to));
    const own: OrdinaryLayer[] = isLinear
      ? mapAlong(
          current,
          axis,
          places.map((at) => between(at, from)),
        )
      : takeAlong(
          current,
          axis,
          places.map((at) => clamp(round(at), from)),
        );
    return [to, own];
  });
  return { layers, shape: inFile(call, shape) };
};

/** Blocks of channels as pixels, or back. */
const blocks =
  (direction: "to space" | "to depth"): ImportRule =>
  (call) => {
    const b = call.int("blocksize") ?? 1;
    const [channels = 1, height = 1, width = 1, ...more] = call.channelsFirst;
    const mode = call.string("mode") ?? "DCR";
    const fits = direction === "to space" ? channels % (b * b) === 0 : height % b === 0 && width % b === 0;
    if (more.length > 0 || b < 1 || !fits)
      throw call.misfit(`a block of ${b} does not fit [${call.inShape.join(", ")}]`);
    const c = channels / (b * b);
    const [sizes, order, shape] =
      direction === "to depth"
        ? [
            [channels, height / b, b, width / b, b],
            [2, 4, 0, 1, 3],
            [channels * b * b, height / b, width / b],
          ]
        : mode === "CRD"
          ? [
              [c, b, b, height, width],
              [0, 3, 1, 4, 2],
              [c, height * b, width * b],
            ]
          : [
              [b, b, c, height, width],
              [2, 3, 0, 4, 1],
              [c, height * b, width * b],
            ];
    return {
      layers: [
        { kind: "reshape", shape: sizes },
        { kind: "transpose", order },
        { kind: "reshape", shape },
      ],
      shape: inFile(call, shape),
    };
  };

/** Means or sums over any axes. */
const reduced =
  (factor: (count: number) => number): ImportRule =>
  (call) => {
    const { full, example } = call.first;
    const given = call.option(1, "axes");
    const named = given ? wholeNumbers(call.node, given) : (call.ints("axes") ?? []);
    if (named.length === 0 && call.flag("noop_with_empty_axes")) return [];
    const fileAxes = axesOf(call.node, named.length > 0 ? named : range(full.length), full.length);
    const axes = fileAxes.map((axis) => call.axis(axis));
    const kept = range(example.length).filter((axis) => !axes.includes(axis));
    const count = sizeOf(axes.map((axis) => example[axis]!));
    const rows = sizeOf(kept.map((axis) => example[axis]!));
    const scale = factor(count) * count;
    const isKept = call.flag("keepdims") !== false;
    const result = isKept
      ? example.map((n, axis) => (axes.includes(axis) ? 1 : n))
      : kept.map((axis) => example[axis]!);
    return {
      layers: [
        { kind: "transpose", order: [...kept, ...axes] },
        { kind: "reshape", shape: [rows, 1, count] },
        { kind: "avgPool2d", kernel: [1, count], padding: 0 },
        { kind: "reshape", shape: result.length > 0 ? result : [1] },
        ...(scale === 1 ? [] : [{ kind: "affine", scale: Float32Array.of(scale) } as const]),
      ],
      shape: inFile(call, result),
    };
  };

export const selectingRules: { readonly [op: string]: ImportRule } = {
  Slice: slice,
  Gather: gather,
  Split: split,
  Expand: expand,
  Tile: tile,
  Resize: resize,
  Upsample: resize,
  DepthToSpace: blocks("to space"),
  SpaceToDepth: blocks("to depth"),
  ReduceMean: reduced((count) => 1 / count),
  ReduceSum: reduced(() => 1),
};
