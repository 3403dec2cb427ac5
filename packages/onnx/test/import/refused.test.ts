import { ShapeError, UnsupportedOpError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { type FileOptions, file, floats, ints, spread } from "./files.js";

const convert = (options: FileOptions) => convertOnnx(readOnnx(file(options)));

describe("what no layer does is refused: operator, node, place, and what it would take", () => {
  const at = (shape: (string | number)[], ...nodes: FileOptions["nodes"]): FileOptions => ({
    input: [{ name: "x", shape }],
    nodes,
    constants: { w: spread([4, 4]), row: spread([2, 4], 2), big: spread([3, 4]), zero: floats([], [0]) },
  });
  const recurrence = (shape: number[], node: FileOptions["nodes"][number]): FileOptions =>
    at(shape, ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }], node);

  it.each<[string, FileOptions, RegExp]>([
    [
      "no rule",
      at(["N", 4], ["Atan", ["x"], ["y"]]),
      /^Atan "y" \(node 0\): there is no rule for Atan on data; .* lists the \d+ operators with rules\nwrite a rule that turns it into layers, by the option rules/,
    ],
    [
      "a power",
      at(["N", 4], ["Relu", ["x"], ["r"]], ["Mul", ["r", "x"], ["m"]], ["Pow", ["m", "x"], ["y"]]),
      /^Pow "y" \(node 2\): its exponent is computed from the data/,
    ],
    [
      "a recurrence along the batch",
      recurrence([5, 1, 3], ["GRU", ["x", "gw", "gr"], ["y"], { hidden_size: 2 }]),
      /^GRU "y" \(node 1\): its steps are axis 0 of \[5, 1, 3\], which is that of the batch in the file\nexport .*batch_first/,
    ],
    [
      "a recurrence with too many steps",
      recurrence([1, 600, 3], ["GRU", ["t", "gw", "gr"], ["y"], { hidden_size: 2 }]),
      /its 600 steps become 600 layers with 18000 weights; expected at most 512 and 67108864/,
    ],
    [
      "a recurrence with functions of its own",
      recurrence(
        [1, 5, 3],
        [
          "GRU",
          ["t", "gw", "gr"],
          ["y"],
          { hidden_size: 2, activations: { strings: ["Sigmoid", "Affine"] } },
        ],
      ),
      /its functions are Sigmoid, Affine; expected 2 of Sigmoid, Tanh/,
    ],
    [
      "a recurrence from a state of the data",
      recurrence([1, 5, 3], ["GRU", ["t", "gw", "gr", "", "", "x"], ["y"], { hidden_size: 2 }]),
      /its initial state is computed from the data/,
    ],
    [
      "an Einsum of one operand",
      at(["N", 4], ["Einsum", ["x"], ["y"], { equation: "ij->j" }]),
      /it computes ij->j; expected a product of two operands/,
    ],
    [
      "an Einsum over the batch",
      at(["N", 4], ["Einsum", ["x", "w"], ["y"], { equation: "bi,bj->ij" }]),
      /bi,bj->ij, which mixes the examples of a batch/,
    ],
    [
      "an Einsum by a matrix of each place",
      at(["N", 4, 4], ["Einsum", ["x", "w"], ["y"], { equation: "bij,ij->bij" }]),
      /by several matrices; expected one/,
    ],
    ["another power", at(["N", 4], ["Pow", ["x", "half3"], ["y"]]), /its exponent is not one of /],
    [
      "a product of vectors",
      at(["N", 4], ["MatMul", ["x", "x"], ["y"]]),
      /expected as many matrices of both/,
    ],
    ["a mask of the data", at(["N", 4], ["Where", ["x", "w", "w"], ["y"]]), /expected a constant mask/],
    [
      "a product over the batch",
      at([4, 4], ["MatMul", ["w", "x"], ["y"]]),
      /^MatMul "y" \(node 0\): it acts across the examples of a batch/,
    ],
    [
      "a product of a matrix of other sizes",
      at(["N", 5, 2], ["MatMul", ["w", "x"], ["y"]]),
      /multiplies \[4, 4\] by data \[1, 5, 2\]; expected one matrix with a column for each entry/,
    ],
    [
      "a Gemm of a constant by the data",
      at([4, 4], ["Gemm", ["w", "x"], ["y"]]),
      /by the data, which mixes the examples/,
    ],
    [
      "a division by a norm that may be long",
      at(
        ["N", 4],
        ["ReduceL2", ["x"], ["n"], { axes: [-1], keepdims: 1 }],
        ["Clip", ["n", "half"], ["c"]],
        ["Div", ["x", "c"], ["y"]],
      ),
      /no rule for ReduceL2 on data/,
    ],
    [
      "a norm of another power",
      at(["N", 4], ["LpNormalization", ["x"], ["y"], { p: 1 }]),
      /norm of power 1; expected 2/,
    ],
    [
      "a logarithm of a softmax inside",
      at(["N", 4], ["LogSoftmax", ["x"], ["g"]], ["MatMul", ["g", "w"], ["y"]]),
      /^LogSoftmax "g" \(node 0\): it is inside/,
    ],
    [
      "a softmax over the batch",
      at(["N", 4], ["Softmax", ["x"], ["y"], { axis: 0 }]),
      /^Softmax "y" \(node 0\): it acts across the examples/,
    ],
    ["rounding", at(["N", 4], ["Cast", ["x"], ["y"], { to: 6 }]), /rounds the data/],
    ["mixing a batch", at([6, 4], ["Reshape", ["x", "s"], ["y"]]), /mixes the examples of a batch/],
    [
      "a constant for each example of a batch",
      at([2, 4], ["Add", ["x", "row"], ["y"]]),
      /differs between the examples/,
    ],
    [
      "a constant that enlarges",
      at(["N", 4], ["Add", ["x", "big"], ["y"]]),
      /to a larger shape; no layer does/,
    ],
    [
      "padding by a mode of later versions",
      at([1, 1, 4, 4], ["Pad", ["x", "p"], ["y"], { mode: "mirror" }]),
      /pads by mirror; expected reflect/,
    ],
    ["cropping one side of two", at([1, 1, 4, 4], ["Pad", ["x", "crop"], ["y"]]), /both pads and crops/],
    ["a Gather by the data", at(["N", 4], ["Gather", ["w", "x"], ["y"]]), /its first input is a constant/],
    [
      "a cubic Resize",
      at([1, 1, 4, 4], ["Resize", ["x", "", "four"], ["y"], { mode: "cubic" }]),
      /resizes by cubic/,
    ],
    ["an empty Slice", at(["N", 4], ["Slice", ["x", "one", "one", "one"], ["y"]]), /takes no entries/],
    [
      "another output",
      at(["N", 4], ["Dropout", ["x"], ["d", "mask"]], ["Relu", ["mask"], ["y"]]),
      /a second output of a node/,
    ],
    [
      "a function of constants",
      at(["N", 4], ["Atan", ["w"], ["e"]], ["Add", ["x", "e"], ["y"]]),
      /no rule for Atan on constants/,
    ],
  ])("%s", (_, options, message) => {
    const constants = {
      ...options.constants,
      s: ints(8, 3),
      p: ints(0, 0, 1, 1, 0, 0, 1, 1),
      crop: ints(0, 0, -1, 0, 0, 0, 1, 0),
      one: ints(1),
      half: floats([], [0.5]),
      half3: floats([], [1.5]),
      gw: spread([1, 6, 3]),
      gr: spread([1, 6, 2]),
      four: floats([4], [1, 1, 2, 2]),
    };
    const run = () => convert({ ...options, constants });
    expect(run).toThrow(message);
    expect(run).toThrow(UnsupportedOpError);
  });

  it.each<[string, FileOptions, RegExp]>([
    [
      "a dense weight",
      at(["N", 5], ["MatMul", ["x", "w"], ["y"]]),
      /MatMul "y" \(node 0\): a weight \[4, 4\] on data \[1, 5\]/,
    ],
    ["a convolution", at([1, 1, 4, 4], ["Conv", ["x", "w"], ["y"]]), /a weight \[4, 4\] in 1 groups/],
    ["a reshape", at(["N", 5], ["Reshape", ["x", "s"], ["y"]]), /cannot reshape \[1, 5\] to \[8, 3\]/],
    [
      "a kernel larger than the image",
      at([1, 1, 4, 4], ["MaxPool", ["x"], ["y"], { kernel_shape: [5, 5] }]),
      /over 5 entries on 4/,
    ],
    ["an axis", at(["N", 4], ["Concat", ["x", "x"], ["y"], { axis: 3 }]), /has no axis 3 of 2/],
  ])("sizes that do not fit: %s", (_, options, message) => {
    const run = () => convert({ ...options, constants: { ...options.constants, s: ints(8, 3) } });
    expect(run).toThrow(message);
    expect(run).toThrow(ShapeError);
  });

  it("branches that cross again and again", () => {
    const crossing = Array.from({ length: 20 }, (_, i): FileOptions["nodes"] => {
      const [a, b] = i === 0 ? ["x", "x"] : [`a${i - 1}`, `b${i - 1}`];
      return [
        ["Add", [a, b], [`a${i}`]],
        ["Sub", [a, b], [`b${i}`]],
      ];
    });
    const run = () => convert(at(["N", 4], ...crossing.flat(), ["Relu", ["a19"], ["y"]]));
    expect(run).toThrow(/cross so often that they need more than 20000 layers/);
  });
});
