import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import { constant, type NodeText, nodesOf } from "../../../../test/onnx-graph.js";
import { npyBytes } from "../data/npy-files.js";
import type { BadCommand, Place } from "./bad-input.js";

const COLUMNS = 4;
const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 7 * i));

/** Rows of numbers, as numpy.save writes them. */
const rowsFile = (count: number): Uint8Array =>
  npyBytes([count, COLUMNS], new Uint8Array(numbers(count * COLUMNS).buffer), { descr: "'<f4'" });

/** A network of rows, 4 → 3 → 2, with other nodes, weights or inputs. */
const network = (
  nodes: readonly NodeText[] = [
    ["MatMul", ["x", "first"], "hidden"],
    ["Relu", ["hidden"], "active"],
    ["MatMul", ["active", "second"], "scores"],
  ],
  {
    inputs = [{ name: "x", type: "float32", shape: ["N", COLUMNS] }],
    textInputs = [],
    first = numbers(12),
  }: Readonly<{
    inputs?: GraphModel["inputs"];
    textInputs?: NonNullable<GraphModel["textInputs"]>;
    first?: Float32Array;
  }> = {},
): Uint8Array =>
  toBytes({
    name: "network",
    inputs,
    textInputs,
    outputs: [{ name: nodes.at(-1)![2], type: "float32", shape: ["N", "K"] }],
    nodes: nodesOf(nodes),
    constants: [constant("first", [COLUMNS, 3], first), constant("second", [3, 2], numbers(6))],
  });

const guarding =
  (bytes: Uint8Array, flags: readonly string[] = [], count = 600) =>
  ({ write }: Place) => {
    const file = write("net.onnx", bytes);
    const data = write("rows.npy", rowsFile(count));
    return ["guard", file, "--data", data, "--out", `${file}.guarded`, "--steps", "2", ...flags];
  };

const usage = { status: 2, code: "USAGE" } as const;
const dataError = { status: 2, code: "DATA" } as const;

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
    args: guarding(
      network(
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
      ),
    ),
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
