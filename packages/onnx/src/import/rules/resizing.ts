import type { OrdinaryLayer } from "@flowify/core/internal";
import type { ImportRule } from "../call.js";
import { axesOf, wholeNumbers } from "../shapes.js";
import { axisByAxis, inFile, mapAlong, range, takeAlong } from "./along.js";

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

export const resizingRules: { readonly [op: string]: ImportRule } = {
  Resize: resize,
  Upsample: resize,
  DepthToSpace: blocks("to space"),
  SpaceToDepth: blocks("to depth"),
};
