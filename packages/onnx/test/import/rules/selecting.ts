import { ints } from "../files.js";
import { type Cases, image, one, scalar } from "./forms.js";

export const selecting: Cases = {
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
};
