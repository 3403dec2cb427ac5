import { floats, ints, spread } from "../files.js";
import { type Cases, image, one } from "./forms.js";

export const rearranging: Cases = {
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
};
