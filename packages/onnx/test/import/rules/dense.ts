import { type FileOptions, floats, spread } from "../files.js";
import { behind, type Cases, image, one } from "./forms.js";

/** A product of x and w, or of x and of a function of it. */
const einsum = (
  equation: string,
  shape: readonly number[],
  w?: readonly number[],
  first = false,
): FileOptions => ({
  input: [{ name: "x", shape }],
  nodes: [
    ...(w ? [] : ([["Tanh", ["x"], ["w"]]] as const)),
    ["Einsum", first ? ["w", "x"] : ["x", "w"], ["y"], { equation }],
  ],
  constants: w ? { w: spread(w) } : {},
});

export const dense: Cases = {
  Einsum: [
    einsum("bij,jk->bik", [2, 3, 4], [4, 5]),
    einsum("okh, b h i k -> b i o", [2, 4, 3, 2], [5, 2, 4], true),
    einsum("bi,j->bij", [2, 4], [3]),
    einsum("bnhd,bmhd->bhnm", [2, 3, 2, 4]),
    einsum("bij,bkj->bik", [2, 3, 4], undefined, true),
    einsum("bid,bjd->bji", [1, 3, 4]),
    einsum("bi,bi->b", [2, 4]),
  ],
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
