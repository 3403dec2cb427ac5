import { type GraphModel, toBytes } from "@flowify/onnx";

const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 37) % 19) / 9 - 1);
const constant = (name: string, shape: number[]) => ({
  name,
  type: "float32" as const,
  shape,
  data: numbers(shape.reduce((a, b) => a * b, 1)),
});
const node = (op: string, inputs: string[], output: string, attributes = {}) => ({
  op,
  domain: "",
  inputs,
  outputs: [output],
  attributes,
});

const model: GraphModel = {
  name: "residual",
  inputs: [{ name: "x", type: "float32", shape: ["N", 2, 6, 6] }],
  outputs: [{ name: "y", type: "float32", shape: ["N", 3] }],
  nodes: [
    node("Conv", ["x", "k", "c"], "a", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    node("Relu", ["a"], "r"),
    node("Add", ["r", "x"], "s"),
    node("MaxPool", ["s"], "p", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Reshape", ["p", "shape"], "f"),
    node("Gemm", ["f", "w", "b"], "g", { transB: 1 }),
    node("Softmax", ["g"], "y"),
  ],
  constants: [
    constant("k", [2, 2, 3, 3]),
    constant("c", [2]),
    constant("w", [3, 18]),
    constant("b", [3]),
    { name: "shape", type: "int64", shape: [2], data: BigInt64Array.of(-1n, 18n) },
  ],
};

/** A file of a residual network with a convolution, pooling and a dense layer. */
export const residual = toBytes(model);
