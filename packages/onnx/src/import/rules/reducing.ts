import { sizeOf } from "@flowify/core/layer";
import type { ImportRule } from "../call.js";
import { axesOf, wholeNumbers } from "../shapes.js";
import { inFile, range } from "./along.js";

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

export const reducingRules: { readonly [op: string]: ImportRule } = {
  ReduceMean: reduced((count) => 1 / count),
  ReduceSum: reduced(() => 1),
};
