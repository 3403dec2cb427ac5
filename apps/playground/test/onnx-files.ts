import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import { constant, type NodeText, nodesOf } from "../../../test/onnx-graph.js";

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Numbers of about the size that trained weights have, different for every name. */
function numbers(name: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const scale = 1 / Math.sqrt(size / (shape[0] ?? 1));
  const seed = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Float32Array.from(
    { length: size },
    (_, i) => scale * Math.sin(seed + 12.9898 * (i + 1) + (i * i) / 7),
  );
}

type Ends = Readonly<{
  /** Shape of an example; a text is a size that the file leaves open. */
  inShape?: readonly (number | string)[];
  /** Names of further inputs, of the shape of the first. */
  moreInputs?: readonly string[];
  /** Names of further outputs. */
  moreOutputs?: readonly string[];
}>;

/** The bytes of an ONNX file of these nodes, from images `x` to the output of the last one. */
export function onnxBytes(
  nodes: readonly NodeText[],
  weights: Shapes,
  { inShape = [1, 28, 28], moreInputs = [], moreOutputs = [] }: Ends = {},
): Uint8Array {
  const graph: GraphModel = {
    name: "net",
    inputs: ["x", ...moreInputs].map((name) => ({ name, type: "float32", shape: ["N", ...inShape] })),
    outputs: [nodes.at(-1)![2], ...moreOutputs].map((name) => ({
      name,
      type: "float32",
      shape: ["N", "M"],
    })),
    nodes: nodesOf(nodes),
    constants: Object.entries(weights).map(([name, shape]) => constant(name, shape, numbers(name, shape))),
  };
  return toBytes(graph);
}

/** Means of 4 × 4 pixels, and 49 → 16 → 10 with a ReLU between. */
export const dense = {
  nodes: [
    ["AveragePool", ["x"], "m", { kernel_shape: [4, 4], strides: [4, 4] }],
    ["Flatten", ["m"], "f"],
    ["Gemm", ["f", "w1", "b1"], "h", { transB: 1 }],
    ["Relu", ["h"], "r"],
    ["Gemm", ["r", "w2", "b2"], "logits", { transB: 1 }],
  ],
  weights: { w1: [16, 49], b1: [16], w2: [10, 16], b2: [10] },
} as const satisfies { nodes: readonly NodeText[]; weights: Shapes };

/** A convolution with a residual around another, pooling, and a softmax that is left out. */
export const residual = {
  nodes: [
    ["Conv", ["x", "k1", "c1"], "a", { kernel_shape: [4, 4], strides: [4, 4] }],
    ["LeakyRelu", ["a"], "l", { alpha: { float: 0.1 } }],
    ["Conv", ["l", "k2", "c2"], "b", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
    ["Add", ["b", "l"], "s"],
    ["Flatten", ["s"], "g"],
    ["Gemm", ["g", "w", "d"], "logits", { transB: 1 }],
    ["Softmax", ["logits"], "p"],
  ],
  weights: { k1: [4, 1, 4, 4], c1: [4], k2: [4, 4, 3, 3], c2: [4], w: [10, 196], d: [10] },
} as const satisfies { nodes: readonly NodeText[]; weights: Shapes };

/** With an operator that has no rule. */
export const unsupported = {
  nodes: [...dense.nodes.slice(0, 3), ["Cosh", ["h"], "q"], ["Relu", ["q"], "r"]],
  weights: dense.weights,
} as const satisfies { nodes: readonly NodeText[]; weights: Shapes };
