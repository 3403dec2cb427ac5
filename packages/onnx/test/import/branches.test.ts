/** Softmax inside of networks, attention, gates, and results that several nodes take. */
import { flowify } from "@flowify/core";
import { expect, it } from "vitest";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { type FileOptions, file, floats, ints, model, spread } from "./files.js";
import { expectSameFunction } from "./judge.js";

it.each<[string, FileOptions["nodes"]]>([
  [
    "in front of a layer",
    [
      ["Softmax", ["x"], ["s"]],
      ["MatMul", ["s", "w"], ["y"]],
    ],
  ],
  [
    "behind a node that changes nothing",
    [
      ["Softmax", ["x"], ["s"]],
      ["Identity", ["s"], ["i"]],
      ["MatMul", ["i", "w"], ["y"]],
    ],
  ],
  [
    "one after the other",
    [
      ["Softmax", ["x"], ["s"]],
      ["Softmax", ["s"], ["t"]],
      ["Neg", ["t"], ["y"]],
    ],
  ],
  [
    "as a branch",
    [
      ["Softmax", ["x"], ["s"]],
      ["Mul", ["s", "x"], ["y"]],
    ],
  ],
])("a Softmax inside of a network is a layer: %s", async (_, nodes) => {
  const { leftOut } = await expectSameFunction(model({ nodes, constants: { w: spread([4, 4]) } }), {
    batch: 2,
  });
  expect(leftOut).toEqual([]);
});

/** Attention of two heads as PyTorch writes it: the batch moves behind an axis that is then split off. */
const attention = (batch: number | string): FileOptions => ({
  input: [{ name: "x", shape: [batch, 3, 4] }],
  nodes: [
    ["MatMul", ["x", "w"], ["all"]],
    ["Reshape", ["all", "heads"], ["h"]],
    ["Transpose", ["h"], ["t"], { perm: [2, 0, 3, 1, 4] }],
    ["Split", ["t"], ["q1", "k1", "v1"], { axis: 0, num_outputs: 3 }],
    ["Squeeze", ["q1", "first"], ["q"]],
    ["Squeeze", ["k1", "first"], ["k"]],
    ["Gather", ["t", "two"], ["v"], { axis: 0 }],
    ["Transpose", ["k"], ["kt"], { perm: [0, 1, 3, 2] }],
    ["MatMul", ["q", "kt"], ["scores"]],
    ["Trilu", ["ones"], ["lower"], { upper: 0 }],
    ["Equal", ["lower", "zero"], ["mask"]],
    ["Where", ["mask", "nothing", "scores"], ["masked"]],
    ["Softmax", ["masked"], ["weights"], { axis: -1 }],
    ["MatMul", ["weights", "v"], ["o"]],
    ["Transpose", ["o"], ["back"], { perm: [0, 2, 1, 3] }],
    ["Reshape", ["back", "rows"], ["r"]],
    ["Add", ["x", "r"], ["y"]],
  ],
  constants: {
    w: spread([4, 12]),
    heads: ints(0, 0, 3, 2, 2),
    rows: ints(0, 0, 4),
    first: ints(0),
    two: { ...ints(2), dims: [] },
    ones: floats([3, 3], new Array(9).fill(1)),
    zero: floats([], [0]),
    nothing: floats([], [Number.NEGATIVE_INFINITY]),
  },
});

it.each(["N", 1])(
  "attention beside a residual is a function whose result is appended: batch of %s",
  async (batch) => {
    const { network } = await expectSameFunction(model(attention(batch)), { batch: batch === 1 ? 1 : 3 });
    expect(network.layers.map(({ kind }) => kind)).toEqual(["branches"]);
    expect(network.layers[0]).toMatchObject({ join: "add", carry: 0 });
    const { exact, dimensions } = flowify(network);
    expect([exact, dimensions]).toEqual([false, 12]);
  },
);

it("gives each branch its part of a value that is split, in whatever order", async () => {
  const { network } = await expectSameFunction(
    model({
      input: [{ name: "x", shape: [2, 3, 6] }],
      nodes: [
        ["Split", ["x"], ["a", "b", "c"], { axis: 2, num_outputs: 3 }],
        ["Sigmoid", ["a"], ["g"]],
        ["Concat", ["c", "g", "b"], ["y"], { axis: 2 }],
      ],
    }),
  );
  expect(network.layers.map(({ kind }) => kind)).toEqual(["transpose", "take", "branches"]);
  expect(network.layers.at(-1)).toMatchObject({ join: "concat", parts: [2, 2, 2] });
});

it("reads results that are all kept, one more at a time, without reading each of them again", async () => {
  const layer = (i: number): FileOptions["nodes"] => [
    ["Concat", ["x", ...Array.from({ length: i }, (_, k) => `h${k}`)], [`c${i}`], { axis: 1 }],
    ["MatMul", [i === 0 ? "x" : `c${i}`, `w${i}`], [`m${i}`]],
    ["Tanh", [`m${i}`], [`h${i}`]],
  ];
  const deep: FileOptions = {
    input: [{ name: "x", shape: ["N", 4] }],
    nodes: [...Array.from({ length: 18 }, (_, i) => layer(i)).flat(), ["Identity", ["c17"], ["y"]]],
    constants: Object.fromEntries(Array.from({ length: 18 }, (_, i) => [`w${i}`, spread([4 + i, 1], i)])),
  };
  const { network } = await expectSameFunction(model(deep), { batch: 2 });
  expect(network.layers).toHaveLength(17);
  expect(network.layers.every((each) => each.kind === "branches" && each.carry === 0)).toBe(true);
});

it("splits for a gate, exactly", () => {
  const graph = file({
    input: [{ name: "x", shape: ["N", 6] }],
    nodes: [
      ["Split", ["x"], ["a", "b"], { axis: 1, num_outputs: 2 }],
      ["LeakyRelu", ["b"], ["g"]],
      ["Mul", ["a", "g"], ["y"]],
    ],
  });
  const { layers } = convertOnnx(readOnnx(graph)).network;
  expect(flowify({ inShape: [6], layers }).exact).toBe(true);
});
