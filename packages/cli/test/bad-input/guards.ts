import { toBytes } from "@flowify/onnx";
import { constant, type NodeText, nodesOf } from "../../../../test/onnx-graph.js";
import type { BadCommand, Place } from "./bad-input.js";
import { loop, places } from "./control-flow.js";
import { COLUMNS, network, numbers, rowsFile } from "./guard-networks.js";

const guarding =
  (bytes: Uint8Array, flags: readonly string[] = [], count = 600) =>
  ({ write }: Place) => {
    const file = write("net.onnx", bytes);
    const data = write("rows.npy", rowsFile(count));
    return ["guard", file, "--data", data, "--out", `${file}.guarded`, "--steps", "2", ...flags];
  };

const usage = { status: 2, code: "USAGE" } as const;
const dataError = { status: 2, code: "DATA" } as const;

/** A network with a second input beside that of the data. */
const withState = network(
  [
    ["MatMul", ["x", "first"], "h"],
    ["Add", ["h", "state"], "y"],
  ],
  {
    inputs: [
      { name: "x", type: "float32", shape: ["N", 4] },
      { name: "state", type: "float32", shape: [1, 3] },
    ],
  },
);

/** Networks and data of flowify guard. */
export const guards: readonly BadCommand[] = [
  {
    input: "a network to guard with an input of texts",
    args: guarding(network(undefined, { inputs: [], textInputs: [{ name: "x", shape: ["N", 4] }] })),
    ...usage,
    says: [
      'its input "x" takes texts, expected float32 numbers',
      "export the part of the network behind the text",
    ],
  },
  {
    input: "a network to guard with an input of integers",
    args: guarding(network(undefined, { inputs: [{ name: "x", type: "int64", shape: ["N", 4] }] })),
    ...usage,
    says: ['its input "x" takes integers, expected float32 numbers', "behind the cast or the embedding"],
  },
  {
    input: "a network to guard without a batch axis",
    args: guarding(network(undefined, { inputs: [{ name: "x", type: "float32", shape: [4] }] })),
    ...usage,
    says: [
      'its input "x" is [4], without a batch axis; expected [batch, …]',
      "export the network for batches",
    ],
  },
  {
    input: "a network to guard with several inputs",
    args: guarding(withState),
    ...usage,
    says: ["it has 2 inputs, x, state", "name the one of the data with --input"],
  },
  {
    input: "a value to look at that the network does not have",
    args: guarding(network(), ["--at", "actve"]),
    ...usage,
    says: ['it has no value "actve"; did you mean "active"?', "flowify inspect lists the nodes"],
  },
  {
    input: "a value to look at whose size depends on the data",
    args: guarding(
      network([
        ["NonZero", ["x"], "places"],
        ["MatMul", ["x", "first"], "y"],
      ]),
      ["--at", "places"],
    ),
    ...usage,
    says: [
      '"places" has no row for each example, or another size for other examples',
      "name a value before the loop",
    ],
  },
  {
    input: "a network to guard whose outputs depend on the batch",
    args: guarding(
      network([
        ["MatMul", ["x", "first"], "h"],
        ["ReduceMean", ["h"], "mean", { keepdims: 1 }],
        ["Sub", ["h", "mean"], "y"],
      ]),
    ),
    ...usage,
    says: ['"y" of an example depends on the others of its batch', "for inference"],
  },
  {
    input: "a network to guard with a loop whose end depends on the batch",
    args: guarding(loop),
    ...usage,
    says: ['"y" of an example depends on the others of its batch', "for inference"],
  },
  {
    input: "a network to guard that finds places by NonZero",
    args: guarding(places, ["--at", "y"]),
    ...usage,
    says: ['"y" has no row for each example', "with --at"],
  },
  {
    input: "an input of the data that the network does not have",
    args: guarding(withState, ["--input", "stat"]),
    ...usage,
    says: ['--input stat: it has the inputs x, state; did you mean "state"?', "name the one of the data"],
  },
  {
    input: "a network to guard whose second input is of integers",
    args: guarding(
      network(
        [
          ["MatMul", ["x", "first"], "h"],
          ["Gather", ["h", "places"], "y", { axis: 1 }],
        ],
        {
          inputs: [
            { name: "x", type: "float32", shape: ["N", 4] },
            { name: "places", type: "int64", shape: [2] },
          ],
        },
      ),
      ["--input", "x"],
    ),
    ...usage,
    says: ['its input "places" is [2] of integers, and cannot get zeros', "such as --input x,places=1"],
  },
  {
    input: "a network to guard whose activations are not finite behind a Clip without an upper bound",
    args: guarding(
      network(
        [
          ["Clip", ["x", "low", "high"], "h"],
          ["Log", ["h"], "logs"],
          ["MatMul", ["logs", "first"], "y"],
        ],
        { bounds: [-1, Number.POSITIVE_INFINITY] },
      ),
    ),
    ...dataError,
    // the bound is no weight that could be exported again
    says: ["is not finite on the training data", "check --normalize and the data"],
  },
  {
    input: "a network to guard with weights that are not finite",
    args: guarding(network(undefined, { first: numbers(12).fill(Number.NaN, 3, 4) })),
    ...dataError,
    says: ['the weights "first" hold NaN or infinity', "export the network again"],
  },
  {
    input: "a network to guard whose activations are not finite",
    args: guarding(
      network([
        ["MatMul", ["x", "first"], "h"],
        ["Log", ["h"], "logs"],
        ["MatMul", ["logs", "second"], "y"],
      ]),
    ),
    ...dataError,
    says: ["is not finite on the training data", "check --normalize and the data"],
  },
  {
    input: "a value to look at that is the same for all examples",
    args: guarding(
      network([
        ["MatMul", ["x", "first"], "h"],
        ["Sub", ["h", "h"], "zero"],
        ["MatMul", ["zero", "second"], "y"],
      ]),
      ["--at", "zero"],
    ),
    ...usage,
    says: ['"zero": the same for all examples', "name other values with --at"],
  },
  {
    input: "a network to guard that ONNX Runtime cannot load",
    args: guarding(network([["NoSuchOperator", ["x"], "y"]])),
    ...usage,
    says: ["ONNX Runtime rejects the file", "export the network again, or install another onnxruntime-node"],
  },
  {
    input: "too few examples to calibrate a guard by",
    args: guarding(network(), [], 240),
    ...usage,
    says: ["examples to calibrate by, expected 100 at least", "add data: a third of rows is held out"],
  },
  {
    input: "too few examples to calibrate a guard by, named",
    args: (place) => [...guarding(network())(place), "--calibrate", place.write("held.npy", rowsFile(60))],
    ...usage,
    says: ["60 examples to calibrate by, expected 100 at least", "name more with --calibrate"],
  },
  {
    input: "a network to guard that is the same for all examples",
    args: guarding(
      network([
        ["Sub", ["x", "x"], "zero"],
        ["MatMul", ["zero", "first"], "y"],
      ]),
      ["--at", "zero,y"],
    ),
    ...usage,
    says: ['"zero", "y": the same for all examples', "check --normalize"],
  },
  {
    input: "a guard that is calibrated by its training data",
    args: (place) => {
      const args = guarding(network())(place);
      const images = place.images();
      return [
        ...args.slice(0, 3),
        images,
        ...args.slice(4),
        "--calibrate",
        `${images}/train-images-idx3-ubyte`,
      ];
    },
    ...usage,
    says: ["the same examples as --data", "name examples that the network was not trained on"],
  },
  {
    input: "a picture of a guard that is not measured",
    args: guarding(network(), ["--picture", "guard.png"]),
    ...usage,
    says: ["--picture shows the data of --report", "name data with --report, or leave --picture out"],
  },
  {
    input: "a set to measure a guard on that does not exist, before anything is fitted",
    args: (place) =>
      guarding(network(), ["--report", "fashion-mnis"])(place).map((word) =>
        word === "2" ? "1000000" : word,
      ), // steps
    ...usage,
    says: [
      'unknown data set "fashion-mnis"; did you mean "fashion-mnist"?',
      "for a folder or file of images, name its path",
    ],
  },
  {
    input: "a file that is guarded already",
    args: guarding(guardedFile()),
    ...usage,
    says: ["guarded already", "name the file that it was made of"],
  },
];

function guardedFile(): Uint8Array {
  const nodes: NodeText[] = [["MatMul", ["x", "first"], "y"]];
  return toBytes({
    name: "network",
    inputs: [{ name: "x", type: "float32", shape: ["N", COLUMNS] }],
    outputs: [{ name: "y", type: "float32", shape: ["N", 3] }],
    nodes: nodesOf(nodes),
    constants: [constant("first", [COLUMNS, 3], numbers(12))],
    metadata: { "flowify-guard": "{}" },
  });
}
