import { floats, ints } from "../files.js";
import { type Cases, image, one } from "./forms.js";

export const resizing: Cases = {
  Resize: [
    one("Resize")(
      image,
      { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
      { roi: floats([0], []), scales: floats([4], [1, 1, 2, 2]) },
    ),
    one("Resize")(
      image,
      { mode: "nearest" },
      { roi: floats([0], []), scales: floats([4], [1, 1, 0.6, 1.5]) },
    ),
    one("Resize")(image, { mode: "linear" }, { roi: floats([0], []), scales: floats([4], [1, 1, 2, 2]) }),
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        [
          "Resize",
          ["x", "", "", "sizes"],
          ["y"],
          { mode: "linear", coordinate_transformation_mode: "align_corners" },
        ],
      ],
      constants: { sizes: ints(2, 3, 5, 9) },
    },
    {
      input: [{ name: "x", shape: image }],
      nodes: [
        [
          "Resize",
          ["x", "", "", "sizes"],
          ["y"],
          { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
        ],
      ],
      constants: { sizes: ints(2, 3, 9, 4) },
    },
  ],
  Upsample: [one("Upsample")(image, { mode: "nearest" }, { scales: floats([4], [1, 1, 2, 3]) }, 9)],
  DepthToSpace: [
    one("DepthToSpace")([2, 8, 3, 2], { blocksize: 2 }),
    one("DepthToSpace")([2, 8, 3, 2], { blocksize: 2, mode: "CRD" }),
  ],
  SpaceToDepth: [one("SpaceToDepth")([2, 3, 4, 6], { blocksize: 2 })],
};
