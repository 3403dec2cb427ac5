import { type Cases, one, written } from "./forms.js";

export const gates: Cases = {
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
};
