import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import { constant, nodesOf } from "../onnx-graph.js";

const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 37) % 19) / 9 - 1);
const weights = (name: string, shape: readonly number[]) =>
  constant(name, shape, numbers(shape.reduce((a, b) => a * b, 1)));

const model: GraphModel = {
  name: "residual",
  inputs: [{ name: "x", type: "float32", shape: ["N", 2, 6, 6] }],
  outputs: [{ name: "y", type: "float32", shape: ["N", 3] }],
  nodes: nodesOf([
    ["Conv", ["x", "k", "c"], "a", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
    ["Relu", ["a"], "r"],
    ["Add", ["r", "x"], "s"],
    ["MaxPool", ["s"], "p", { kernel_shape: [2, 2], strides: [2, 2] }],
    ["Reshape", ["p", "shape"], "f"],
    ["Gemm", ["f", "w", "b"], "g", { transB: 1 }],
    ["Softmax", ["g"], "y"],
  ]),
  constants: [
    weights("k", [2, 2, 3, 3]),
    weights("c", [2]),
    weights("w", [3, 18]),
    weights("b", [3]),
    { name: "shape", type: "int64", shape: [2], data: BigInt64Array.of(-1n, 18n) },
  ],
};

/** A file of a residual network with a convolution, pooling and a dense layer. */
export const residual = toBytes(model);
