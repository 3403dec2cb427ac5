/** Graphs that no exporter writes, or that hold for a batch of one alone: computed rightly. */
import { describe, it } from "vitest";
import { chain, type FileOptions, ints, model, one, spread } from "./files.js";
import { expectSameFunction } from "./judge.js";

const image = ["N", 2, 6, 6];
const batchMoved = { perm: [1, 0, 2] };

describe("computes what ONNX Runtime does:", () => {
  const there = ["Transpose", ["x"], ["t"], batchMoved] as const;
  const back = ["Transpose", ["r"], ["y"], batchMoved] as const;
  const matMul = ["MatMul", ["t", "w"], ["r"]] as const;
  it.each<[string, FileOptions]>([
    ["a batch axis that is moved back", chain(["N", 3, 4], [there, ["Relu", ["t"], ["r"]], back])],
    ["and with a product meanwhile", chain(["N", 3, 4], [there, matMul, back], { w: spread([4, 5]) })],
    ["and behind an axis of 1", chain(["N", 1, 4], [there, matMul, back], { w: spread([4, 5]) })],
    [
      "and moved in two steps",
      chain(
        ["N", 3, 4],
        [
          ["Transpose", ["x"], ["t"], { perm: [1, 2, 0] }],
          ["Tanh", ["t"], ["r"]],
          ["Transpose", ["r"], ["y"], { perm: [2, 0, 1] }],
        ],
      ),
    ],
    [
      "a batch left open in a file for one example",
      chain(
        ["N", 12],
        [
          ["Reshape", ["x", "s"], ["r"]],
          ["Relu", ["r"], ["y"]],
        ],
        { s: ints(1, 12) },
      ),
    ],
    ["a pixel with dilation", one("Conv", image, { dilations: [3, 7] }, { w: spread([3, 2, 1, 1]) })],
    [
      "no mean over no axes",
      chain(image, [
        ["ReduceMean", ["x"], ["r"], { noop_with_empty_axes: 1 }],
        ["Relu", ["r"], ["y"]],
      ]),
    ],
    ["a mean over the last axis", chain(["N", 2, 4], [["ReduceMean", ["x", "a"], ["y"]]], { a: ints(-1) })],
    ["a bias of two axes", one("Gemm", ["N", 4], {}, { w: spread([4, 3]), b: spread([1, 3]) })],
  ])("%s", async (_, options) => {
    await expectSameFunction(model(options), { batch: 3 });
  });
});
