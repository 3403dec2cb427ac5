import type { AttributeProto } from "onnx-buf";
import type { Constant } from "./tensor.js";

/** An operator of a file. */
export type OnnxNode = Readonly<{
  op: string;
  /** Empty for the operators of ONNX itself. */
  domain: string;
  /** The node's own name, or that of its first output. */
  name: string;
  /** Index in the file. */
  index: number;
  /** Names of values; an empty name is an omitted input. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: ReadonlyMap<string, AttributeProto>;
}>;

/** An input or output of a file. An open size is a name, or `?`. */
export type OnnxValue = Readonly<{ name: string; type: number; shape: readonly (number | string)[] }>;

/** The graph of an ONNX file: nodes in a valid execution order. */
export type OnnxGraph = Readonly<{
  opset: number;
  producer: string;
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  nodes: readonly OnnxNode[];
  constants: ReadonlyMap<string, Constant>;
}>;

/** Name of a node in messages: `Conv "conv1" (node 3)`. */
export const nodeLabel = ({ op, name, index }: OnnxNode): string =>
  `${op} ${JSON.stringify(name)} (node ${index})`;

/** The nodes that a value needs, in order. */
export function neededFor<N>(
  output: string,
  nodes: readonly N[],
  ends: (node: N) => Readonly<{ inputs: readonly string[]; outputs: readonly string[] }>,
): N[] {
  const wanted = new Set([output]);
  const found: N[] = [];
  for (const node of [...nodes].reverse()) {
    const { inputs, outputs } = ends(node);
    if (!outputs.some((name) => name !== "" && wanted.has(name))) continue;
    found.push(node);
    for (const name of inputs) wanted.add(name);
  }
  return found.reverse();
}
