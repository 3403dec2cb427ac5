import { describe, expect, it } from "vitest";
import { importRules } from "../../src/browser.js";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { type Attribute, type FileOptions, file, floats, ints, model, spread } from "./files.js";
import { expectSameFunction } from "./judge.js";

type Constants = NonNullable<FileOptions["constants"]>;
type Attributes = { readonly [name: string]: Attribute };

/** A file of one node that takes x, of this shape, and constants. */
const one =
  (op: string) =>
  (
    shape: readonly number[],
    attributes: Attributes = {},
    constants: Constants = {},
    opset = 20,
  ): FileOptions => ({
    input: [{ name: "x", shape }],
    nodes: [[op, ["x", ...Object.keys(constants)], ["y"], attributes]],
    constants,
    opset,
  });

/** The same with the constant first. */
const behind = (op: string, shape: readonly number[], constant: Constants[string]): FileOptions => ({
  input: [{ name: "x", shape }],
  nodes: [[op, ["c", "x"], ["y"]]],
  constants: { c: constant },
});

const image = [2, 3, 7, 6];
const scalar = (value: number) => ({ ...ints(value), dims: [] });
const positive = (shape: readonly number[]) =>
  floats(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 + i / 7),
  );

/** Numbers that functions are written with. */
const numbers = Object.entries({
  c: 0.7,
  root: Math.SQRT2,
  one: 1,
  half: 0.5,
  two: 2,
  three: 3,
  zero: 0,
  six: 6,
  cubic: 0.044715,
  scale: Math.sqrt(2 / Math.PI),
});

/** Files of these nodes, as exporters write a function. */
const written = (...files: FileOptions["nodes"][]): FileOptions[] =>
  files.map((nodes) => ({
    nodes,
    constants: Object.fromEntries(numbers.map(([name, value]) => [name, floats([], [value])])),
  }));

/** Every operator that has a rule, in the forms that exporters write it in. */
const cases: { readonly [op: string]: readonly FileOptions[] } = {
  Reshape: [
    one("Reshape")(image, {}, { shape: ints(0, -1) }),
    one("Reshape")([1, 3, 4], {}, { shape: ints(3, 4) }),
    one("Reshape")([2, 12], {}, { shape: ints(2, 3, -1) }),
  ],
  Flatten: [one("Flatten")(image), one("Flatten")([1, 3, 4], { axis: 2 })],
  Squeeze: [
    one("Squeeze")([2, 3, 1, 4, 1], {}, { axes: ints(2, -1) }),
    one("Squeeze")([2, 3, 1], { axes: [2] }, {}, 11),
  ],
  Unsqueeze: [
    one("Unsqueeze")([2, 3], {}, { axes: ints(1, 3) }),
    one("Unsqueeze")([2, 3], { axes: [2] }, {}, 11),
  ],
  Transpose: [
    one("Transpose")(image, { perm: [0, 2, 3, 1] }),
    one("Transpose")([1, 3, 4], { perm: [1, 0, 2] }),
    one("Transpose")([1, 3, 4]),
  ],
  Identity: [one("Identity")([2, 4])],
  Dropout: [one("Dropout")([2, 4]), one("Dropout")([2, 4], { ratio: { float: 0.5 } }, {}, 10)],
  Cast: [one("Cast")([2, 4], { to: 1 })],
  Pad: [
    one("Pad")(image, {}, { pads: ints(0, 0, 1, 2, 0, 0, 3, 0) }),
    one("Pad")(image, {}, { pads: ints(0, 1, 0, 2, 0, 0, 3, 0), value: floats([], [0.7]) }),
    one("Pad")(image, { mode: "reflect" }, { pads: ints(0, 0, 2, 1, 0, 0, 1, 3) }),
    one("Pad")(image, { mode: "edge" }, { pads: ints(0, 1, 0, 1, 0, 0, 1, 0) }),
    one("Pad")(image, { mode: "wrap" }, { pads: ints(0, 0, 2, 1, 0, 0, 1, 3) }),
    one("Pad")(image, {}, { pads: ints(0, 0, -2, 0, 0, 0, -1, -3) }),
    one("Pad")([2, 3, 5], { pads: [0, 0, 2, 0, 0, 1], value: { float: 1 } }, {}, 10),
  ],
  Slice: [
    one("Slice")(image, {}, { starts: ints(1), ends: ints(9223372036854775807n), axes: ints(1) }),
    one("Slice")(
      image,
      {},
      { starts: ints(-1, 0), ends: ints(-1000, 5), axes: ints(2, 3), steps: ints(-2, 2) },
    ),
    one("Slice")([2, 9], { starts: [2], ends: [7], axes: [1] }, {}, 9),
  ],
  Gather: [
    one("Gather")([2, 6], { axis: 1 }, { i: ints(4, 0, -1) }),
    one("Gather")(image, { axis: 2 }, { i: ints(6, 6, 1) }),
    one("Gather")([2, 3, 4], { axis: 1 }, { i: scalar(2) }),
  ],
  Split: [
    {
      input: [{ name: "x", shape: [2, 6] }],
      nodes: [
        ["Split", ["x", "sizes"], ["a", "b"], { axis: 1 }],
        ["Sigmoid", ["b"], ["s"]],
        ["Concat", ["s", "a"], ["y"], { axis: 1 }],
      ],
      constants: { sizes: ints(2, 4) },
      opset: 17,
    },
    {
      input: [{ name: "x", shape: [2, 5] }],
      nodes: [["Split", ["x"], ["a", "y"], { axis: -1, num_outputs: 2 }]],
    },
    {
      input: [{ name: "x", shape: [2, 6] }],
      nodes: [
        ["Split", ["x"], ["a", "b", "c"], { axis: 1 }],
        ["Add", ["c", "a"], ["y"]],
      ],
      opset: 11,
    },
  ],
  Expand: [
    one("Expand")([2, 3, 1], {}, { shape: ints(1, 1, 4) }),
    one("Expand")([2, 1, 3], {}, { shape: ints(2, 3) }),
  ],
  Tile: [one("Tile")([2, 3, 2], {}, { repeats: ints(1, 2, 1) })],
  Resize: [
    one("Resize")(
      image,
      { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
      { roi: floats([0], []), scales: floats([4], [1, 1, 2, 2]) },
    ),
    one("Resize")(
      image,
      { mode: "nearest" },
      { roi: floats([0], []), scales: floats([4], [1, 1, 0.6, 1.5]) },
    ),
    one("Resize")(image, { mode: "linear" }, { roi: floats([0], []), scales: floats([4], [1, 1, 2, 2]) }),
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        [
          "Resize",
          ["x", "", "", "sizes"],
          ["y"],
          { mode: "linear", coordinate_transformation_mode: "align_corners" },
        ],
      ],
      constants: { sizes: ints(2, 3, 5, 9) },
    },
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        [
          "Resize",
          ["x", "", "", "sizes"],
          ["y"],
          { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
        ],
      ],
      constants: { sizes: ints(2, 3, 9, 4) },
    },
  ],
  Upsample: [one("Upsample")(image, { mode: "nearest" }, { scales: floats([4], [1, 1, 2, 3]) }, 9)],
  DepthToSpace: [
    one("DepthToSpace")([2, 8, 3, 2], { blocksize: 2 }),
    one("DepthToSpace")([2, 8, 3, 2], { blocksize: 2, mode: "CRD" }),
  ],
  SpaceToDepth: [one("SpaceToDepth")([2, 3, 4, 6], { blocksize: 2 })],
  ReduceSum: [
    one("ReduceSum")(image, { keepdims: 0 }, { axes: ints(1, 3) }),
    one("ReduceSum")([2, 3, 4], {}, { axes: ints(-1) }),
  ],
  Concat: [
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        ["Relu", ["x"], ["r"]],
        ["Concat", ["r", "x", "r"], ["y"], { axis: 1 }],
      ],
    },
    {
      input: [{ name: "x", shape: [1, 2, 3] }],
      nodes: [["Concat", ["a", "x", "b", "a"], ["y"], { axis: -1 }]],
      constants: { a: spread([1, 2, 2]), b: spread([1, 2, 1], 2) },
    },
    {
      input: [{ name: "x", shape: [1, 2, 3] }],
      nodes: [
        ["Sigmoid", ["x"], ["s"]],
        ["Concat", ["zero", "x", "s"], ["y"], { axis: 1 }],
      ],
      constants: { zero: floats([1, 1, 3], [0, 0, 0]) },
    },
  ],
  Add: [
    one("Add")(image, {}, { c: spread([3, 1, 1]) }),
    one("Add")([2, 4], {}, { c: spread([1, 4]) }),
    one("Add")([2, 3, 4], {}, { c: spread([4]) }),
    behind("Add", [2, 4], floats([], [0.3])),
    {
      nodes: [
        ["Gemm", ["x", "w"], ["h"], { transB: 1 }],
        ["Add", ["x", "h"], ["y"]],
      ],
      constants: { w: spread([4, 4]) },
    },
    { nodes: [["Add", ["x", "x"], ["y"]]] },
  ],
  Sub: [
    one("Sub")([2, 4], {}, { c: spread([4]) }),
    behind("Sub", [2, 4], spread([4])),
    {
      nodes: [
        ["Tanh", ["x"], ["h"]],
        ["Sub", ["x", "h"], ["y"]],
      ],
    },
  ],
  Sum: [
    {
      nodes: [
        ["Tanh", ["x"], ["h"]],
        ["Relu", ["x"], ["r"]],
        ["Sum", ["x", "h", "r"], ["y"]],
      ],
    },
    { nodes: [["Sum", ["x"], ["y"]]] },
  ],
  Mul: [
    one("Mul")(image, {}, { c: positive([3, 1, 1]) }),
    behind("Mul", [2, 4], positive([2, 4].slice(1))),
    {
      nodes: [
        ["Sigmoid", ["x"], ["s"]],
        ["Tanh", ["x"], ["t"]],
        ["Mul", ["t", "s"], ["y"]],
      ],
    },
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        ["GlobalAveragePool", ["x"], ["m"]],
        ["Sigmoid", ["m"], ["s"]],
        ["Mul", ["s", "x"], ["y"]],
      ],
    },
  ],
  Div: [one("Div")([2, 4], {}, { c: positive([4]) })],
  Neg: [one("Neg")([2, 4])],
  Max: [one("Max")([2, 4], {}, { c: floats([], [0.25]) })],
  Min: [one("Min")([2, 4], {}, { c: floats([1], [0.25]) })],
  Clip: [
    one("Clip")([2, 4], {}, { min: floats([], [0]), max: floats([], [1.5]) }),
    one("Clip")([2, 4], { min: { float: -1 }, max: { float: 0.5 } }, {}, 10),
    { nodes: [["Clip", ["x", "", "max"], ["y"]]], constants: { max: floats([], [0.5]) } },
  ],
  Relu: [one("Relu")([2, 4])],
  LeakyRelu: [one("LeakyRelu")([2, 4]), one("LeakyRelu")([2, 4], { alpha: { float: 0.3 } })],
  PRelu: [
    one("PRelu")(image, {}, { slope: positive([3, 1, 1]) }),
    one("PRelu")([2, 4], {}, { slope: floats([1], [0.2]) }),
    one("PRelu")([2, 4], {}, { slope: floats([1], [0]) }),
  ],
  Sigmoid: [one("Sigmoid")([2, 4])],
  Tanh: [one("Tanh")([2, 4])],
  Softplus: [one("Softplus")([2, 4])],
  Softsign: [
    one("Softsign")([2, 4]),
    ...written([
      ["Abs", ["x"], ["a"]],
      ["Add", ["a", "one"], ["b"]],
      ["Div", ["x", "b"], ["y"]],
    ]),
  ],
  HardSigmoid: [
    one("HardSigmoid")([2, 4]),
    one("HardSigmoid")([2, 4], { alpha: { float: 0.1 }, beta: { float: 0.4 } }),
  ],
  Elu: [one("Elu")([2, 4]), one("Elu")([2, 4], { alpha: { float: 0.5 } })],
  Selu: [one("Selu")([2, 4]), one("Selu")([2, 4], { alpha: { float: 1.5 }, gamma: { float: 1.2 } })],
  Celu: [one("Celu")([2, 4], { alpha: { float: 2 } })],
  Swish: [
    one("Swish")([2, 4], {}, {}, 24),
    one("Swish")([2, 4], { alpha: { float: 1.7 } }, {}, 24),
    ...written([
      ["Sigmoid", ["x"], ["g"]],
      ["Mul", ["x", "g"], ["y"]],
    ]),
  ],
  Gelu: [
    one("Gelu")([2, 4]),
    one("Gelu")([2, 4], { approximate: "tanh" }),
    ...written(
      [
        ["Div", ["x", "root"], ["d"]],
        ["Erf", ["d"], ["e"]],
        ["Add", ["e", "one"], ["g"]],
        ["Mul", ["x", "g"], ["p"]],
        ["Mul", ["p", "half"], ["y"]],
      ],
      [
        ["Mul", ["x", "c"], ["s"]],
        ["Mul", ["half", "s"], ["h"]],
        ["Div", ["s", "root"], ["d"]],
        ["Erf", ["d"], ["e"]],
        ["Add", ["one", "e"], ["g"]],
        ["Mul", ["g", "h"], ["y"]],
      ],
      [
        ["Pow", ["x", "three"], ["q"]],
        ["Mul", ["q", "cubic"], ["t"]],
        ["Add", ["x", "t"], ["s"]],
        ["Mul", ["s", "scale"], ["w"]],
        ["Tanh", ["w"], ["e"]],
        ["Add", ["e", "one"], ["g"]],
        ["Mul", ["half", "x"], ["h"]],
        ["Mul", ["h", "g"], ["y"]],
      ],
      [
        ["Mul", ["x", "x"], ["xx"]],
        ["Mul", ["xx", "x"], ["q"]],
        ["Mul", ["cubic", "q"], ["t"]],
        ["Add", ["x", "t"], ["s"]],
        ["Mul", ["s", "scale"], ["w"]],
        ["Tanh", ["w"], ["e"]],
        ["Add", ["one", "e"], ["g"]],
        ["Mul", ["x", "g"], ["p"]],
        ["Mul", ["p", "half"], ["y"]],
      ],
    ),
  ],
  Mish: [
    one("Mish")([2, 4]),
    ...written([
      ["Softplus", ["x"], ["s"]],
      ["Tanh", ["s"], ["g"]],
      ["Mul", ["x", "g"], ["y"]],
    ]),
  ],
  HardSwish: [
    one("HardSwish")([2, 4]),
    ...written(
      [
        ["HardSigmoid", ["x"], ["g"], { alpha: { float: 1 / 6 } }],
        ["Mul", ["x", "g"], ["y"]],
      ],
      [
        ["Add", ["x", "three"], ["s"]],
        ["Clip", ["s", "zero", "six"], ["g"]],
        ["Mul", ["x", "g"], ["p"]],
        ["Div", ["p", "six"], ["y"]],
      ],
      [
        ["Add", ["three", "x"], ["s"]],
        ["Clip", ["s", "zero", "six"], ["k"]],
        ["Div", ["k", "six"], ["g"]],
        ["Mul", ["g", "x"], ["y"]],
      ],
    ),
  ],
  BatchNormalization: [
    one("BatchNormalization")(
      image,
      { epsilon: { float: 1e-3 } },
      { scale: spread([3]), bias: spread([3], 2), mean: spread([3], 3), variance: positive([3]) },
      14,
    ),
  ],
  Softmax: [
    one("Softmax")([2, 4]),
    {
      nodes: [
        ["Relu", ["x"], ["r"]],
        ["Softmax", ["r"], ["s"]],
        ["Identity", ["s"], ["y"]],
      ],
    },
  ],
  LayerNormalization: [
    one("LayerNormalization")([2, 3, 4], {}, { scale: positive([4]), bias: spread([4]) }),
    one("LayerNormalization")(
      image,
      { axis: 2, epsilon: { float: 0.1 } },
      { scale: positive([7, 6]), bias: spread([7, 6]) },
    ),
    one("LayerNormalization")([2, 4], {}, { scale: positive([4]) }),
    ...written(
      [
        ["ReduceMean", ["x"], ["m"], { axes: [-1] }],
        ["Sub", ["x", "m"], ["d"]],
        ["Pow", ["d", "two"], ["q"]],
        ["ReduceMean", ["q"], ["v"], { axes: [-1] }],
        ["Add", ["v", "cubic"], ["a"]],
        ["Sqrt", ["a"], ["s"]],
        ["Div", ["d", "s"], ["y"]],
      ],
      [
        ["ReduceMean", ["x"], ["m"], { axes: [1] }],
        ["Sub", ["x", "m"], ["d"]],
        ["Mul", ["d", "d"], ["q"]],
        ["ReduceMean", ["q"], ["v"], { axes: [1] }],
        ["Add", ["cubic", "v"], ["a"]],
        ["Sqrt", ["a"], ["s"]],
        ["Reciprocal", ["s"], ["i"]],
        ["Mul", ["i", "d"], ["y"]],
      ],
    ).map((each) => ({ ...each, opset: 17 })),
  ],
  RMSNormalization: written([
    ["Mul", ["x", "x"], ["q"]],
    ["ReduceMean", ["q"], ["v"], { axes: [-1] }],
    ["Add", ["v", "cubic"], ["a"]],
    ["Sqrt", ["a"], ["s"]],
    ["Div", ["one", "s"], ["i"]],
    ["Mul", ["x", "i"], ["y"]],
  ]).map((each) => ({ ...each, opset: 17 })),
  InstanceNormalization: [
    one("InstanceNormalization")(image, {}, { scale: positive([3]), bias: spread([3]) }),
  ],
  GroupNormalization: [
    one("GroupNormalization")(
      [2, 4, 3, 3],
      { num_groups: 2 },
      { scale: positive([4]), bias: spread([4]) },
      21,
    ),
  ],
  LogSoftmax: [one("LogSoftmax")([2, 4])],
  MatMul: [
    {
      input: [{ name: "x", shape: [2, 3, 4] }],
      nodes: [
        ["Transpose", ["x"], ["t"], { perm: [0, 2, 1] }],
        ["Relu", ["x"], ["r"]],
        ["MatMul", ["r", "t"], ["y"]],
      ],
    },
    one("MatMul")([2, 4], {}, { w: spread([4, 3]) }),
    one("MatMul")([2, 3, 4], {}, { w: spread([4, 5]) }),
    {
      nodes: [
        ["MatMul", ["x", "w"], ["h"]],
        ["Add", ["h", "b"], ["y"]],
      ],
      constants: { w: spread([4, 3]), b: spread([3], 2) },
    },
  ],
  Where: [
    {
      nodes: [
        ["Cast", ["m"], ["b"], { to: 9 }],
        ["Where", ["b", "x", "c"], ["y"]],
      ],
      constants: { m: ints(1, 0, 1, 0), c: floats([], [-3]) },
    },
    {
      nodes: [
        ["Cast", ["m"], ["b"], { to: 9 }],
        ["Where", ["b", "c", "x"], ["y"]],
      ],
      constants: { m: ints(1, 0, 1, 0), c: spread([4]) },
    },
  ],
  Gemm: [
    one("Gemm")([2, 4], { transB: 1 }, { w: spread([3, 4]), b: spread([3], 2) }),
    one("Gemm")(
      [2, 4],
      { alpha: { float: 0.5 }, beta: { float: 2 } },
      { w: spread([4, 3]), b: spread([1, 3], 2) },
    ),
    one("Gemm")([2, 4], {}, { w: spread([4, 3]), b: floats([], [0.5]) }),
  ],
  Conv: [
    one("Conv")(
      image,
      { pads: [1, 0, 2, 1], strides: [2, 1] },
      { w: spread([4, 3, 3, 2]), b: spread([4], 2) },
    ),
    one("Conv")([2, 4, 7, 7], { group: 2, dilations: [2, 1] }, { w: spread([4, 2, 3, 2]) }),
    one("Conv")(image, { auto_pad: "SAME_UPPER", strides: [2, 2] }, { w: spread([4, 3, 3, 2]) }),
    one("Conv")(image, { auto_pad: "SAME_LOWER", kernel_shape: [2, 2] }, { w: spread([4, 3, 2, 2]) }),
    one("Conv")([2, 3, 9], { pads: [1, 2], strides: [2] }, { w: spread([4, 3, 3]), b: spread([4], 2) }),
  ],
  ConvTranspose: [
    one("ConvTranspose")(
      [2, 3, 4, 3],
      { strides: [2, 2], pads: [1, 1, 1, 1] },
      { w: spread([3, 2, 4, 4]), b: spread([2], 2) },
    ),
    one("ConvTranspose")([2, 3, 4, 3], {}, { w: spread([3, 2, 3, 2]) }),
    one("ConvTranspose")(
      [2, 4, 3, 3],
      { group: 2, strides: [2, 1], output_padding: [1, 0] },
      { w: spread([4, 2, 3, 2]) },
    ),
    one("ConvTranspose")([2, 2, 3, 3], { dilations: [2, 1], strides: [1, 3] }, { w: spread([2, 2, 2, 3]) }),
  ],
  MaxPool: [
    one("MaxPool")(image, { kernel_shape: [2, 2], strides: [2, 2] }),
    one("MaxPool")(image, { kernel_shape: [3, 2], pads: [1, 0, 1, 1], dilations: [1, 2] }),
    one("MaxPool")(image, { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }),
    one("MaxPool")(image, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }),
    one("MaxPool")([2, 3, 9], { kernel_shape: [3], strides: [2] }),
  ],
  AveragePool: [
    one("AveragePool")(image, { kernel_shape: [2, 2], strides: [2, 2] }),
    one("AveragePool")(image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    one("AveragePool")(image, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    one("AveragePool")(image, { kernel_shape: [2, 4], strides: [2, 4], ceil_mode: 1 }),
    one("AveragePool")(image, {
      kernel_shape: [3, 2],
      strides: [2, 2],
      pads: [1, 0, 1, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    }),
    one("AveragePool")(image, { kernel_shape: [2, 3], dilations: [3, 2], pads: [0, 1, 0, 1] }),
    one("AveragePool")([2, 2, 4, 4, 3], { kernel_shape: [2, 3, 2], strides: [2, 1, 1] }),
  ],
  GlobalAveragePool: [one("GlobalAveragePool")(image)],
  GlobalMaxPool: [one("GlobalMaxPool")(image)],
  ReduceMean: [
    one("ReduceMean")(image, { keepdims: 0 }, { axes: ints(2, 3) }),
    one("ReduceMean")(image, { axes: [-1, -2] }, {}, 13),
    one("ReduceMean")(image, { axes: [1] }, {}, 13),
    one("ReduceMean")([2, 3, 4], { keepdims: 0 }, { axes: ints(1) }),
  ],
};

describe("every operator computes what ONNX Runtime does", () => {
  // ImageScaler left ONNX before ONNX Runtime came: its numbers are tested in convert.test.ts
  it("all of them are here", () => {
    expect(Object.keys(cases).sort()).toEqual(
      Object.keys(importRules)
        .filter((op) => op !== "ImageScaler")
        .sort(),
    );
  });

  /** A dense layer behind, so that nodes that change nothing leave a network. */
  const behindIt = ({ nodes, constants = {}, ...rest }: FileOptions, softmax: boolean): FileOptions =>
    softmax
      ? {
          ...rest,
          nodes: [
            ["Neg", ["x"], ["n"]],
            ...nodes.map(
              ([op, ins, ...more]) => [op, ins.map((i) => (i === "x" ? "n" : i)), ...more] as const,
            ),
          ],
          constants,
        }
      : { ...rest, nodes: [...nodes, ["LeakyRelu", ["y"], ["z"]]], constants, outputs: ["z"] };

  it.each(
    Object.entries(cases).flatMap(([op, files]) =>
      files.map((each, i) => [`${op} ${i + 1}`, op, each] as const),
    ),
  )("%s", async (_, op, each) => {
    await expectSameFunction(model(behindIt(each, op.endsWith("Softmax"))));
  });
});

it("reads squares of squares, a product of 2⁴⁰ factors", () => {
  const nodes = Array.from({ length: 40 }, (_, i) => {
    const x = i === 0 ? "x" : `y${i}`;
    return ["Mul", [x, x], [i === 39 ? "y" : `y${i + 1}`]] as const;
  });
  expect(convertOnnx(readOnnx(file({ nodes }))).network.layers).toHaveLength(40);
});
