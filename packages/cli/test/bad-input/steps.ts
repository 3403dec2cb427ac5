import { type FileOptions, file, floats, ints, spread } from "../../../onnx/test/import/files.js";
import { runCommand } from "../run-command.js";
import type { BadCommand, Place } from "./bad-input.js";
import { loop, made, places, product, scan, types } from "./control-flow.js";

const converting =
  (bytes: Uint8Array, ...flags: readonly string[]) =>
  ({ write }: Place) => {
    const path = write("net.onnx", bytes);
    return ["convert", path, "--out", `${path}-converted`, ...flags];
  };

const usage = { status: 2, code: "USAGE" } as const;
const data = { status: 2, code: "DATA" } as const;
const unsupported = { status: 3, code: "UNSUPPORTED_OP" } as const;

const input = (shape: readonly (number | string)[], type: number = types.float) => [
  { name: "x", shape, type },
];

const cast: FileOptions["nodes"] = [
  ["Cast", ["x"], ["f"], { to: types.float }],
  ["MatMul", ["f", "w"], ["y"]],
];

const logarithm: FileOptions["nodes"] = [
  ["Clip", ["x", "low", "high"], ["h"]],
  ["Log", ["h"], ["logs"]],
  ["MatMul", ["logs", "w"], ["y"]],
];
/** With a second input of integers. */
const withRate = made(
  [
    ["Cast", ["rate"], ["r"], { to: types.float }],
    ["Mul", ["x", "r"], ["m"]],
    ["MatMul", ["m", "w"], ["y"]],
  ],
  { input: [...input(["N", 4]), { name: "rate", shape: [], type: types.int64 }] },
);
const bounds = { low: floats([], [-1]), high: floats([], [Number.POSITIVE_INFINITY]) };

/** Files that flowify convert cannot take. */
export const steps: readonly BadCommand[] = [
  {
    input: "a loop whose end depends on the data",
    args: converting(loop),
    ...data,
    says: ['"y" of an example depends on the others of its batch', "with the batch as first axis"],
  },
  {
    input: "a loop, layer by layer",
    args: converting(loop, "--grain", "layer"),
    ...unsupported,
    says: [
      'Loop "scaled" (node 0): holds a nested graph',
      "or take the network as one step: --grain network",
    ],
  },
  {
    input: "a Scan over the examples",
    args: converting(scan),
    ...data,
    says: ['"y" of an example depends on the others of its batch', "with the batch as first axis"],
  },
  {
    input: "places that NonZero finds",
    args: converting(places),
    ...data,
    says: [
      '"y" has no row for each example, or another size for other examples',
      "name another value by --output",
    ],
  },
  {
    input: "places that NonZero finds, layer by layer",
    args: converting(places, "--grain", "layer"),
    ...unsupported,
    says: ['NonZero "y" (node 0): there is no rule', "or take the network as one step: --grain network"],
  },
  {
    input: "a mean over the examples",
    args: converting(
      made(
        [
          ["ReduceMean", ["x", "axes"], ["m"]],
          ["Sub", ["x", "m"], ["d"]],
          ["MatMul", ["d", "w"], ["y"]],
        ],
        { constants: { axes: ints(0) } },
      ),
    ),
    ...data,
    says: ['"y" of an example depends on the others of its batch', "for inference"],
  },
  {
    input: "an input of texts",
    args: converting(made([["StringNormalizer", ["x"], ["y"]]], { input: input(["N", 4], types.text) })),
    ...usage,
    says: ['its input "x" takes texts, expected float32 numbers', "the network behind the text"],
  },
  {
    input: "an input of integers without an embedding",
    args: converting(made(cast, { input: input(["N", 4], types.int64) })),
    ...usage,
    says: ['its input "x" takes integers, expected float32 numbers', "behind the cast or the embedding"],
  },
  {
    input: "an input without a batch axis",
    args: converting(made([product], { input: input([4]) })),
    ...usage,
    says: ['its input "x" is [4], without a batch axis', "export the network for batches"],
  },
  {
    input: "an input whose sizes the file leaves open",
    args: converting(made([product], { input: input(["N", "M"]) })),
    ...data,
    says: ['the input "x" is [N, M]: axis 1 has no size in the file', "by --input-shape, such as 28"],
  },
  {
    input: "an input of more numbers than fit into memory",
    args: converting(made([["Relu", ["x"], ["y"]]], { input: input(["N", 2 ** 40]) })),
    ...data,
    says: ["1099511627776 numbers for an example; expected 1 to", "set other sizes by --input-shape"],
  },
  {
    input: "an input of no numbers",
    args: converting(made([["Relu", ["x"], ["y"]]], { input: input(["N", 0]) })),
    ...data,
    says: ['the input "x" is [N, 0], 0 numbers for an example', "set other sizes by --input-shape"],
  },
  {
    input: "an input whose sizes the file leaves open, layer by layer",
    args: converting(made([product], { input: input(["N", "M"]) }), "--grain", "layer"),
    ...data,
    says: ['the input "x" is [N, M]: axis 1 has no size in the file', "such as 1,28,28, by --input-shape"],
  },
  {
    input: "a folder in place of a network",
    args: ({ images }) => {
      const folder = images();
      return ["convert", folder, "--out", `${folder}/converted`];
    },
    ...data,
    says: ["a folder, expected a file", "name the file of the network in it"],
  },
  {
    input: "weights in another file, which is missing",
    args: converting(
      made([product], {
        constants: {
          w: {
            ...floats([4, 2], []),
            dataLocation: 1,
            externalData: [{ $typeName: "onnx.StringStringEntryProto", key: "location", value: "w.bin" }],
          },
        },
      }),
    ),
    ...data,
    says: ['its numbers are in the file "w.bin", which is missing', "put it next to the ONNX file"],
  },
  {
    input: "several inputs",
    args: converting(
      made(
        [
          ["Add", ["x", "z"], ["s"]],
          ["MatMul", ["s", "w"], ["y"]],
        ],
        { input: [...input(["N", 4]), { name: "z", shape: [1, 4] }] },
      ),
    ),
    ...usage,
    says: ["it has 2 inputs, x, z", "name the one of the data with --input"],
  },
  {
    input: "a number for an input that the network does not have",
    args: converting(withRate, "--input", "x,rates=16000"),
    ...usage,
    says: ["--input rates=16000: it has the inputs x, rate", 'did you mean "rate"'],
  },
  {
    input: "a text for an input beside that of the data",
    args: converting(withRate, "--input", "x,rate=fast"),
    ...usage,
    says: ['--input x,rate=fast: expected NAME=NUMBER, found "rate=fast"', "NAME=NUMBER"],
  },
  {
    input: "several outputs",
    args: converting(made([product, ["Identity", ["y"], ["z"]]], { outputs: ["y", "z"] })),
    ...usage,
    says: ["it has 2 outputs: y, z", "choose one by --output"],
  },
  {
    input: "an output that the network does not have",
    args: converting(made([product]), "--output", "yy"),
    ...usage,
    says: ['it has no value "yy"', 'did you mean "y"'],
  },
  {
    input: "weights that are not finite",
    args: converting(
      made([product], { constants: { w: floats([4, 2], [1, Number.NaN, 3, 4, 5, 6, 7, 8]) } }),
    ),
    status: 2,
    code: "DOMAIN",
    says: ['the weights "w" are not finite', "export the network again"],
  },
  {
    input: "outputs that are not finite behind a Clip without an upper bound",
    args: converting(made(logarithm, { constants: bounds }), "--range", "-1:1"),
    status: 2,
    code: "DOMAIN",
    says: ['"y" is not finite for inputs from -1 to 1', "set the range of its inputs by --range"],
  },
  {
    input: "training data for which the outputs of a network are not finite",
    args: training([["Log", ["f"], ["h"]]]),
    status: 2,
    code: "DOMAIN",
    says: ['the output "y" of the network is', "leave the example out, or check its scale (--normalize)"],
  },
  {
    input: "training data for which the outputs of a network are the same",
    args: training([["Sub", ["f", "f"], ["h"]]]),
    status: 2,
    code: "DOMAIN",
    says: [
      'the output "y" of the network is the same for all 58 examples',
      "take another value by flowify convert --output",
    ],
  },
  {
    input: "an operator that ONNX Runtime does not know",
    args: converting(made([["NoSuchOperator", ["x"], ["y"]]])),
    ...usage,
    says: ["ONNX Runtime rejects the file", "export the network again, or install another onnxruntime-node"],
  },
];

/** Converts a network of pictures whose 784 pixels go through nodes from `f` to `h`, and trains on others. */
function training(nodes: FileOptions["nodes"]) {
  return async ({ write, images }: Place) => {
    const bytes = file({
      input: input(["N", 1, 28, 28]),
      nodes: [["Flatten", ["x"], ["f"]], ...nodes, ["MatMul", ["h", "w"], ["y"]]],
      constants: { w: spread([784, 2]) },
    });
    const path = write("net.onnx", bytes);
    await runCommand(["convert", path, "--out", `${path}-converted`]);
    return ["train", "--from", `${path}-converted`, "--data", images(), "--out", `${path}-run`];
  };
}
