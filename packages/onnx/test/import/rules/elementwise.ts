import { type FileOptions, floats, ints, spread } from "../files.js";
import { behind, type Cases, image, one, positive, written } from "./forms.js";

/** A function of numbers above 0. */
const positively = (op: string, constants: NonNullable<FileOptions["constants"]> = {}): FileOptions => ({
  nodes: [
    ["Softplus", ["x"], ["s"]],
    [op, ["s", ...Object.keys(constants)], ["y"]],
  ],
  constants,
});

export const elementwise: Cases = {
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
  Div: [
    one("Div")([2, 4], {}, { c: positive([4]) }),
    ...written(
      [
        ["Exp", ["x"], ["e"]],
        ["Div", ["three", "e"], ["y"]],
      ],
      [
        ["Softplus", ["x"], ["s"]],
        ["Div", ["x", "s"], ["y"]],
      ],
    ),
  ],
  Neg: [one("Neg")([2, 4])],
  Exp: [one("Exp")([2, 4])],
  Abs: [one("Abs")(image)],
  Cos: [one("Cos")([2, 4])],
  Erf: [one("Erf")([2, 4])],
  Sin: [one("Sin")(image)],
  Pow: [
    ...[1, 2, 3, 4].map((n) => one("Pow")([2, 4], {}, { n: floats([], [n]) })),
    ...[-1, -0.5, 0.5].map((n) => positively("Pow", { n: floats([1], [n]) })),
  ],
  ...Object.fromEntries(["Log", "Reciprocal", "Sqrt"].map((op) => [op, [positively(op)]])),
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
};
