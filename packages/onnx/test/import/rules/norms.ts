import { floats, spread } from "../files.js";
import { type Cases, image, one, positive, written } from "./forms.js";

export const norms: Cases = {
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
  LpNormalization: [
    one("LpNormalization")([2, 3, 4], { axis: 1 }),
    one("LpNormalization")([2, 4], { p: 2 }),
    {
      input: [{ name: "x", shape: [2, 3, 4] }],
      nodes: [
        ["ReduceL2", ["x"], ["n"], { axes: [-1], keepdims: 1 }],
        ["Cast", ["short"], ["f"], { to: 1 }],
        ["Clip", ["n", "f"], ["c"]],
        ["Shape", ["x"], ["s"]],
        ["Expand", ["c", "s"], ["e"]],
        ["Div", ["x", "e"], ["y"]],
      ],
      constants: { short: floats([], [1e-12]) },
      opset: 13,
    },
    {
      nodes: [
        ["ReduceL2", ["x"], ["n"], { axes: [1], keepdims: 1 }],
        ["Div", ["x", "n"], ["y"]],
      ],
      opset: 13,
    },
  ],
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
};
