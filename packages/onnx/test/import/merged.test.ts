/** Files whose nodes merge the batch with other axes, and those with values that depend on constants alone. */

import { UnsupportedOpError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { type FileOptions, file, floats, ints, model, spread } from "./files.js";
import { expectSameFunction } from "./judge.js";

const scalar = (n: number) => ({ ...ints(n), dims: [] });
const zeros = floats([], [0]);

/** nn.MultiheadAttention: positions in front, heads beside the batch, and rows of both in one axis. */
const multihead: FileOptions = {
  input: [{ name: "x", shape: ["N", 3, 4] }],
  nodes: [
    ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
    ["MatMul", ["t", "w"], ["all"]],
    ["Shape", ["t"], ["sizes"]],
    ["Gather", ["sizes", "one"], ["batch"]],
    ["Mul", ["batch", "two"], ["stacks"]],
    ["Reshape", ["all", "parts"], ["p"]],
    ["Unsqueeze", ["p", "first"], ["u"]],
    ["Transpose", ["u"], ["turned"], { perm: [3, 1, 2, 0, 4] }],
    ["Squeeze", ["turned", "third"], ["qkv"]],
    ...["zero", "one", "two"].flatMap((place): FileOptions["nodes"] => [
      ["Gather", ["qkv", place], [`${place} g`], { axis: 0 }],
      ["Unsqueeze", ["stacks", "first"], [`${place} n`]],
      ["Concat", ["positions", `${place} n`, "width"], [`${place} s`], { axis: 0 }],
      ["Reshape", [`${place} g`, `${place} s`], [`${place} r`]],
      ["Transpose", [`${place} r`], [`${place} t`], { perm: [1, 0, 2] }],
      ["Reshape", [`${place} t`, "stacked"], [place === "zero" ? "q" : place === "one" ? "k" : "v"]],
    ]),
    ["Transpose", ["k"], ["kt"], { perm: [0, 1, 3, 2] }],
    ["MatMul", ["q", "kt"], ["scores"]],
    ["Softmax", ["scores"], ["weights"], { axis: -1 }],
    ["MatMul", ["weights", "v"], ["o"]],
    ["Transpose", ["o"], ["back"], { perm: [2, 0, 1, 3] }],
    ["Reshape", ["back", "rows"], ["r"]],
    ["Gemm", ["r", "out"], ["m"]],
    ["Reshape", ["m", "again"], ["positions first"]],
    ["Transpose", ["positions first"], ["y"], { perm: [1, 0, 2] }],
  ],
  constants: {
    w: spread([4, 12]),
    out: spread([4, 4], 2),
    parts: ints(3, -1, 3, 4),
    positions: ints(3),
    width: ints(2),
    stacked: ints(-1, 2, 3, 2),
    rows: ints(-1, 4),
    again: ints(3, -1, 4),
    first: ints(0),
    third: ints(-2),
    zero: scalar(0),
    one: scalar(1),
    two: scalar(2),
  },
};

/** Windows of an image as more examples of a batch, and back, as Swin has them. */
const windows: FileOptions = {
  input: [{ name: "x", shape: ["N", 4, 4, 2] }],
  nodes: [
    ["Reshape", ["x", "cut"], ["c"]],
    ["Transpose", ["c"], ["t"], { perm: [0, 1, 3, 2, 4, 5] }],
    ["Reshape", ["t", "merged"], ["m"]],
    ["MatMul", ["m", "w"], ["l"]],
    ["Softmax", ["l"], ["s"], { axis: -1 }],
    ["Reshape", ["s", "apart"], ["a"]],
    ["Transpose", ["a"], ["b"], { perm: [0, 1, 3, 2, 4, 5] }],
    ["Reshape", ["b", "whole"], ["r"]],
    ["Add", ["x", "r"], ["y"]],
  ],
  constants: {
    w: spread([2, 2]),
    cut: ints(-1, 2, 2, 2, 2, 2),
    merged: ints(-1, 4, 2),
    apart: ints(-1, 2, 2, 2, 2, 2),
    whole: ints(-1, 4, 4, 2),
  },
};

it.each([
  ["attention of nn.MultiheadAttention", multihead],
  ["windows of an image", windows],
])("%s: a batch that is merged with other axes, and taken apart again", async (_, options) => {
  await expectSameFunction(model(options), { batch: 3 });
});

/** A dense layer behind a value that is computed from constants. */
const folded = (
  nodes: FileOptions["nodes"],
  constants: NonNullable<FileOptions["constants"]>,
): FileOptions => ({
  input: [{ name: "x", shape: ["N", 3] }],
  nodes: [...nodes, ["MatMul", ["x", "w"], ["y"]]],
  constants,
});

it.each<[string, FileOptions]>([
  [
    "products of matrices, as spectral normalization has them",
    folded(
      [
        ["MatMul", ["a", "v"], ["av"]],
        ["MatMul", ["u", "av"], ["sigma"]],
        ["Div", ["a", "sigma"], ["w"]],
      ],
      { a: spread([3, 4]), v: spread([4], 2), u: spread([3], 3) },
    ),
  ],
  [
    "stacks of matrices, and a vector beside a stack",
    folded(
      [
        ["MatMul", ["a", "b"], ["ab"]],
        ["MatMul", ["u", "ab"], ["rows"]],
        ["Transpose", ["rows"], ["w"], { perm: [1, 0] }],
      ],
      { a: spread([2, 3, 4]), b: spread([4, 3], 2), u: spread([3], 3) },
    ),
  ],
  [
    "a Gemm of turned matrices",
    folded(
      [["Gemm", ["a", "b", "c"], ["w"], { transA: 1, transB: 1, alpha: { float: 2 }, beta: { float: 0.5 } }]],
      {
        a: spread([4, 3]),
        b: spread([5, 4], 2),
        c: spread([5], 3),
      },
    ),
  ],
  ...["ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL2"].map(
    (op): [string, FileOptions] => [
      op,
      {
        ...folded(
          [
            [op, ["a"], ["r"], { axes: [0, -1], keepdims: 1 }],
            ["Squeeze", ["r"], ["s"], { axes: [0] }],
            ["Div", ["b", "s"], ["w"]],
          ],
          { a: spread([2, 3, 4]), b: spread([3, 3], 2) },
        ),
        opset: 11,
      },
    ],
  ),
  ...["Sin", "Cos", "Tanh", "Sigmoid"].map((op): [string, FileOptions] => [
    op,
    folded([[op, ["a"], ["w"]]], { a: spread([3, 4]) }),
  ]),
  ...[
    ["Max", "Min"],
    ["Min", "Max"],
  ].map(([first = "", second = ""]): [string, FileOptions] => [
    `${second} of a ${first} and more`,
    folded(
      [
        [first, ["a", "b"], ["m"]],
        [second, ["m", "c", "b"], ["w"]],
      ],
      { a: spread([3, 4]), b: spread([4], 2), c: floats([], [0.1]) },
    ),
  ]),
  [
    "rows of length 1, as cosine classifiers have them",
    {
      ...folded(
        [
          ["ReduceL2", ["a"], ["n"], { axes: [1], keepdims: 1 }],
          ["Div", ["a", "n"], ["w"]],
        ],
        { a: spread([3, 4]) },
      ),
      opset: 13,
    },
  ],
  [
    "places within bounds",
    folded(
      [
        ["Clip", ["places", "least", "most"], ["p"]],
        ["Cast", ["p"], ["w"], { to: 1 }],
      ],
      {
        places: { ...ints(-5, 0, 3, 900, 2, 1, 0, -1, 7, 2, 2, 1), dims: [3n, 4n] },
        least: scalar(-1),
        most: scalar(2),
      },
    ),
  ],
  [
    "numbers below a bound",
    folded([["Clip", ["a", "", "c"], ["w"]]], { a: spread([3, 4]), c: floats([], [0.1]) }),
  ],
  [
    "parts of a constant",
    folded([["Split", ["a", "sizes"], ["unused", "w"], { axis: 1 }]], {
      a: spread([3, 5]),
      sizes: ints(2, 3),
    }),
  ],
])("computes what depends on constants alone: %s", async (_, options) => {
  await expectSameFunction(model(options), { batch: 2 });
});

describe("an If", () => {
  const branch = (op: string, out: string): FileOptions => ({
    input: [],
    nodes: [[op, ["h"], [out]]],
    outputs: [out],
  });
  const choice = (condition: string, more: FileOptions["nodes"]): FileOptions => ({
    input: [{ name: "x", shape: ["N", 3] }],
    nodes: [
      ["MatMul", ["x", "w"], ["h"]],
      ...more,
      [
        "If",
        [condition],
        ["y"],
        { then_branch: { graph: branch("Tanh", "a") }, else_branch: { graph: branch("Relu", "b") } },
      ],
    ],
    constants: { w: spread([3, 4]), none: scalar(0), zero: zeros },
  });
  const isEmpty: FileOptions["nodes"] = [
    ["Size", ["h"], ["entries"]],
    ["Equal", ["entries", "none"], ["empty"]],
  ];

  it.each([
    ["empty", isEmpty, "relu"],
    ["full", [...isEmpty, ["Not", ["empty"], ["full"]]] as FileOptions["nodes"], "tanh"],
  ])("whose condition is a constant is one of its branches: %s", async (condition, more, kind) => {
    const { network } = await expectSameFunction(model(choice(condition, more)), { batch: 2 });
    expect(network.layers.map((layer) => layer.kind)).toEqual(["linear", kind]);
  });

  it("whose condition depends on the data is refused", () => {
    const nodes: FileOptions["nodes"] = [
      ["ReduceSum", ["h"], ["sum"], { keepdims: 0 }],
      ["Greater", ["sum", "zero"], ["positive"]],
    ];
    const convert = () => convertOnnx(readOnnx(file(choice("positive", nodes))));
    expect(convert).toThrow(UnsupportedOpError);
    expect(() => convertOnnx(readOnnx(file(choice("x", []))))).toThrow(
      /If "y" \(node 1\): its condition is computed from the data/,
    );
  });
});
