import { describe, expect, it } from "vitest";
import { importRules } from "../../src/browser.js";
import { type Attribute, type FileOptions, floats, ints, model, spread } from "./files.js";
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
const positive = (shape: readonly number[]) =>
  floats(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 + i / 7),
  );

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
    one("Pad")([2, 3, 5], { pads: [0, 0, 2, 0, 0, 1], value: { float: 1 } }, {}, 10),
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
  Mul: [one("Mul")(image, {}, { c: positive([3, 1, 1]) }), behind("Mul", [2, 4], positive([2, 4].slice(1)))],
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
  Softsign: [one("Softsign")([2, 4])],
  HardSigmoid: [
    one("HardSigmoid")([2, 4]),
    one("HardSigmoid")([2, 4], { alpha: { float: 0.1 }, beta: { float: 0.4 } }),
  ],
  Elu: [one("Elu")([2, 4]), one("Elu")([2, 4], { alpha: { float: 0.5 } })],
  Selu: [one("Selu")([2, 4]), one("Selu")([2, 4], { alpha: { float: 1.5 }, gamma: { float: 1.2 } })],
  Celu: [one("Celu")([2, 4], { alpha: { float: 2 } })],
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
  LogSoftmax: [one("LogSoftmax")([2, 4])],
  MatMul: [
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
  ],
  GlobalAveragePool: [one("GlobalAveragePool")(image)],
  GlobalMaxPool: [one("GlobalMaxPool")(image)],
  ReduceMean: [
    one("ReduceMean")(image, { keepdims: 0 }, { axes: ints(2, 3) }),
    one("ReduceMean")(image, { axes: [-1, -2] }, {}, 13),
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
