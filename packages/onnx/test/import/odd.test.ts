/** Graphs that no exporter writes, or that hold for a batch of one alone: refused with the node named. */
import { expect, it } from "vitest";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { chain, type FileOptions, file, floats, ints, one, spread } from "./files.js";

const image = ["N", 2, 6, 6];
const w = spread([3, 2, 3, 3]);
const v = spread([2, 3, 3, 3]);
const huge = 2 ** 40;
const batchMoved = { perm: [1, 0, 2] };
const pair = { s: spread([2]), b: spread([2]), m: spread([2]), v: floats([2], [1, 1]) };

const cases: readonly [what: string, FileOptions, code: string, message: string][] = [
  [
    "an auto_pad that there is not",
    one("Conv", image, { auto_pad: "SAME" }, { w }),
    "UNSUPPORTED_OP",
    'Conv "y" (node 0): its auto_pad is "SAME"',
  ],
  [
    "in a pool",
    one("MaxPool", image, { kernel_shape: [2, 2], auto_pad: "full" }),
    "UNSUPPORTED_OP",
    'its auto_pad is "full"',
  ],
  [
    "in a transposed convolution",
    one("ConvTranspose", image, { auto_pad: "" }, { v }),
    "UNSUPPORTED_OP",
    'its auto_pad is ""',
  ],
  [
    "auto_pad and pads",
    one("Conv", image, { auto_pad: "SAME_UPPER", pads: [1, 1, 1, 1] }, { w }),
    "SHAPE",
    "has both auto_pad",
  ],
  [
    "a batch axis that stays moved",
    one("Transpose", ["N", 3, 4], batchMoved),
    "UNSUPPORTED_OP",
    'Transpose "y" (node 0): it moves the batch axis',
  ],
  ["axes in reverse", one("Transpose", ["N", 3]), "UNSUPPORTED_OP", "it moves the batch axis"],
  [
    "a batch axis moved behind an axis of 1",
    one("Transpose", ["N", 1, 4], batchMoved),
    "UNSUPPORTED_OP",
    "it moves the batch axis",
  ],
  [
    "a product over the batch",
    chain(
      ["N", 3],
      [
        ["Transpose", ["x"], ["t"]],
        ["MatMul", ["t", "w"], ["y"]],
      ],
      { w: spread([1, 5]) },
    ),
    "UNSUPPORTED_OP",
    'MatMul "y" (node 1): ',
  ],
  [
    "a moved batch that is flattened",
    chain(
      ["N", 3, 4],
      [
        ["Transpose", ["x"], ["t"], batchMoved],
        ["Flatten", ["t"], ["y"]],
      ],
    ),
    "UNSUPPORTED_OP",
    "a Transpose has moved the batch to axis 1",
  ],
  [
    "a moved batch that is padded",
    chain(
      ["N", 3, 4],
      [
        ["Transpose", ["x"], ["t"], batchMoved],
        ["Pad", ["t", "p"], ["y"]],
      ],
      { p: ints(0, 1, 0, 0, 0, 0) },
    ),
    "UNSUPPORTED_OP",
    "across the examples of a batch",
  ],
  [
    "a moved batch that meets one in front",
    chain(
      ["N", 3, 3],
      [
        ["Transpose", ["x"], ["t"], batchMoved],
        ["Add", ["t", "x"], ["y"]],
      ],
    ),
    "UNSUPPORTED_OP",
    'Add "y" (node 1): ',
  ],
  [
    "huge strides",
    one("Conv", image, { strides: [huge, huge] }, { w }),
    "SHAPE",
    "strides [1099511627776, 1099511627776], expected 2 numbers from 1 to 65536",
  ],
  [
    "huge strides of a pool",
    one("MaxPool", image, { kernel_shape: [2, 2], strides: [huge, 1] }),
    "SHAPE",
    "strides",
  ],
  [
    "huge dilations of a pixel",
    one("Conv", image, { dilations: [huge, huge] }, { w: spread([3, 2, 1, 1]) }),
    "SHAPE",
    "dilations",
  ],
  ["strides of 0", one("ConvTranspose", image, { strides: [0, 1] }, { v }), "SHAPE", "strides [0, 1]"],
  ["strides below 0", one("Conv", image, { strides: [-1, 1] }, { w }), "SHAPE", "strides [-1, 1]"],
  [
    "huge kernels in as much padding",
    one("MaxPool", image, { kernel_shape: [huge, 2], pads: [huge, 0, huge, 0] }),
    "SHAPE",
    "a kernel of [1099511627776, 2]",
  ],
  [
    "padding that no memory holds",
    one("Conv", image, { pads: [60000, 60000, 60000, 60000], strides: [60000, 60000] }, { w }),
    "SHAPE",
    "more than 16777216",
  ],
  ["kernels below 0", one("AveragePool", image, { kernel_shape: [-2, 2] }), "SHAPE", "a kernel of [-2, 2]"],
  [
    "one stride for two axes",
    one("ConvTranspose", image, { strides: [2] }, { v }),
    "SHAPE",
    "strides [2], expected 2 numbers",
  ],
  [
    "output_padding as large as the stride",
    one("ConvTranspose", image, { output_padding: [3, 3] }, { v }),
    "SHAPE",
    "output_padding [3, 3]",
  ],
  [
    "a kernel_shape that is not the weight's",
    one("ConvTranspose", image, { kernel_shape: [2, 2] }, { v }),
    "SHAPE",
    "kernel_shape [2, 2]",
  ],
  ["groups below 0", one("ConvTranspose", image, { group: -1 }, { v }), "SHAPE", "a weight [2, 3, 3, 3]"],
  [
    "a flag of 2",
    one("AveragePool", image, { kernel_shape: [3, 3], count_include_pad: 2 }),
    "DATA",
    '"count_include_pad" is 2, expected 0 or 1',
  ],
  [
    "a bias of another shape",
    one("Conv", image, {}, { w, b: spread([3, 1, 1]) }),
    "SHAPE",
    "a bias [3, 1, 1] for 3 channels, expected [3]",
  ],
  [
    "a bias of the examples of a batch",
    one("Gemm", ["N", 4], {}, { w: spread([4, 3]), b: spread([3, 1]) }),
    "SHAPE",
    "a bias [3, 1] for 3 outputs",
  ],
  [
    "a dense layer of three axes",
    one("Gemm", ["N", 5, 4], {}, { w: spread([4, 3]) }),
    "SHAPE",
    "data [1, 5, 4], expected two axes",
  ],
  [
    "weights of integers",
    one("Gemm", ["N", 2], {}, { w: { ...ints(1, 2, 3, 4), dims: [2n, 2n] } }),
    "DATA",
    "its weight holds int numbers",
  ],
  [
    "a divisor of integers",
    one("Div", ["N", 4], {}, { c: ints(2) }),
    "DATA",
    "its divisor holds int numbers",
  ],
  [
    "a bound for each entry",
    one("Clip", ["N", 4], {}, { a: spread([4]) }),
    "SHAPE",
    "its min is [4], expected one number",
  ],
  [
    "batch normalization of a matrix",
    one("BatchNormalization", image, {}, { ...pair, s: spread([2, 1]) }),
    "SHAPE",
    "its scale is [2, 1], expected [2]",
  ],
  [
    "batch normalization of every entry",
    { ...one("BatchNormalization", image, { spatial: 0 }, pair), opset: 7 },
    "UNSUPPORTED_OP",
    "each entry separately",
  ],
  [
    "batch normalization without a batch",
    one("BatchNormalization", [2], {}, pair),
    "UNSUPPORTED_OP",
    "it acts on channels",
  ],
  ["a pool without rows", one("GlobalAveragePool", ["N", 6]), "SHAPE", "have no axes to pool"],
  [
    "a mean over everything",
    one("ReduceMean", ["N", 2], { keepdims: 0 }),
    "UNSUPPORTED_OP",
    "acts across the examples",
  ],
  [
    "an axis padded twice",
    one("Pad", ["N", 3, 4], {}, { p: ints(1, 1, 2, 2), c: floats([], [0]), a: ints(1, -2) }),
    "SHAPE",
    "pads an axis twice",
  ],
  [
    "more inputs than an operator has",
    chain(["N", 3], [["Relu", ["c", "x"], ["y"]]], { c: spread([3]) }),
    "DATA",
    'Relu "y" (node 0): has 2 inputs',
  ],
  [
    "data as the second input",
    chain(["N", 3], [["PRelu", ["c", "x"], ["y"]]], { c: spread([3]) }),
    "UNSUPPORTED_OP",
    "its first input is a constant",
  ],
  [
    "an operator named like a method",
    chain(
      ["N", 3],
      [
        ["toString", ["a"], ["r"]],
        ["Add", ["x", "r"], ["y"]],
      ],
      { a: spread([3]) },
    ),
    "UNSUPPORTED_OP",
    "no rule for toString on constants",
  ],
  [
    "and like a constructor",
    chain(
      ["N", 3],
      [
        ["constructor", ["a"], ["r"]],
        ["Add", ["x", "r"], ["y"]],
      ],
      { a: spread([3]) },
    ),
    "UNSUPPORTED_OP",
    "no rule for constructor on constants",
  ],
  [
    "operands beyond the axes, of the old broadcasting",
    { ...one("Add", ["N", 3, 4], { axis: 9, broadcast: 1 }, { c: spread([4]) }), opset: 6 },
    "SHAPE",
    "[4] does not fit at axis 9",
  ],
];

it.each(cases)("refuses %s", (_, options, code, message) => {
  expect(() => convertOnnx(readOnnx(file(options)))).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});
