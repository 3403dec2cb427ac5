import type { GraphNode, Initializer } from "jax-to-onnx/internal";

/** A node as it is written down: operator, inputs, its output, attributes. */
export type NodeText = readonly [
  op: string,
  inputs: readonly string[],
  output: string,
  attributes?: GraphNode["attributes"],
];

export const nodesOf = (texts: readonly NodeText[]): GraphNode[] =>
  texts.map(([op, inputs, output, attributes = {}]) => ({
    op,
    domain: "",
    inputs,
    outputs: [output],
    attributes,
  }));

export const constant = (name: string, shape: readonly number[], data: Float32Array): Initializer => ({
  name,
  type: "float32",
  shape,
  data,
});
