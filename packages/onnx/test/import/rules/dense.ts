import { floats, spread } from "../files.js";
import { behind, type Cases, image, one } from "./forms.js";

export const dense: Cases = {
  MatMul: [
    {
      input: [{ name: "x", shape: [2, 3, 4] }],
      nodes: [
        ["Transpose", ["x"], ["t"], { perm: [0, 2, 1] }],
        ["Relu", ["x"], ["r"]],
        ["MatMul", ["r", "t"], ["y"]],
      ],
    },
    behind("MatMul", [2, 3, 4], spread([5, 3])),
    behind("MatMul", image, spread([1, 1, 2, 7])),
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
};
