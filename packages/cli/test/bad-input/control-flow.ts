import { type FileOptions, file, floats, spread } from "../../../onnx/test/import/files.js";

/** ONNX's numbers of types. */
export const types = { float: 1, int64: 7, text: 8, bool: 9 } as const;

const weights = { w: spread([4, 2]) };
export const product: FileOptions["nodes"][number] = ["MatMul", ["x", "w"], ["y"]];

/** A file of these nodes for rows [N, 4]. */
export const made = (nodes: FileOptions["nodes"], more: Partial<FileOptions> = {}): Uint8Array =>
  file({ nodes, ...more, constants: { ...weights, ...more.constants } });

/** Scales all numbers down as long as the largest of the batch is above a quarter. */
export const loop = made(
  [
    ["Loop", ["", "true", "x"], ["scaled"], { body: { graph: scaling() } }],
    ["MatMul", ["scaled", "w"], ["y"]],
  ],
  { constants: { true: { ...floats([], []), dataType: types.bool, dims: [], rawData: Uint8Array.of(1) } } },
);

function scaling(): FileOptions {
  return {
    input: [
      { name: "round", shape: [], type: types.int64 },
      { name: "before", shape: [], type: types.bool },
      { name: "old", shape: ["N", 4] },
    ],
    outputs: [{ name: "goes on", type: types.bool }, "new"],
    nodes: [
      ["Mul", ["old", "part"], ["new"]],
      ["ReduceMax", ["new"], ["most"], { keepdims: 0 }],
      ["Greater", ["most", "quarter"], ["goes on"]],
    ],
    constants: { part: floats([], [0.9]), quarter: floats([], [0.25]) },
  };
}

/** Sums from the first example on. */
export const scan = made(
  [
    [
      "Scan",
      ["zero", "x"],
      ["last", "sums"],
      {
        num_scan_inputs: 1,
        body: {
          graph: {
            input: [
              { name: "old", shape: [4] },
              { name: "row", shape: [4] },
            ],
            outputs: ["new", "sum"],
            nodes: [
              ["Add", ["old", "row"], ["new"]],
              ["Identity", ["new"], ["sum"]],
            ],
          },
        },
      },
    ],
    ["MatMul", ["sums", "w"], ["y"]],
  ],
  { constants: { zero: floats([4], [0, 0, 0, 0]) } },
);

export const places = made([["NonZero", ["x"], ["y"]]], { outputs: [{ name: "y", type: types.int64 }] });
