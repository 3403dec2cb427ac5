import type { OrdinaryLayer } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import type { ImportRule } from "../call.js";
import { axesOf, wholeNumbers } from "../shapes.js";
import { inFile, range } from "./along.js";

/** The mean or the maximum over any axes, times a factor; `before` is a factor of the data. */
const reduced =
  (
    kind: "avgPool2d" | "maxPool2d",
    factor: (count: number) => number = () => 1,
    before: readonly OrdinaryLayer[] = [],
  ): ImportRule =>
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
    const scale = factor(count);
    const isKept = call.flag("keepdims") !== false;
    const result = isKept
      ? example.map((n, axis) => (axes.includes(axis) ? 1 : n))
      : kept.map((axis) => example[axis]!);
    return {
      layers: [
        ...before,
        { kind: "transpose", order: [...kept, ...axes] },
        { kind: "reshape", shape: [rows, 1, count] },
        { kind, kernel: [1, count], padding: 0 },
        { kind: "reshape", shape: result.length > 0 ? result : [1] },
        ...(scale === 1 ? [] : [{ kind: "affine", scale: Float32Array.of(scale) } as const]),
      ],
      shape: inFile(call, result),
    };
  };

export const reducingRules: { readonly [op: string]: ImportRule } = {
  ReduceMean: reduced("avgPool2d"),
  ReduceSum: reduced("avgPool2d", (count) => count),
  ReduceMax: reduced("maxPool2d"),
  ReduceMin: reduced("maxPool2d", () => -1, [{ kind: "affine", scale: Float32Array.of(-1) }]),
};
