import { DataError, UnsupportedOpError } from "@flowify/core";
import type * as onnx from "onnx-buf";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { nodeOf } from "./read.js";
import { type Constant, readTensor } from "./tensor.js";

/** The nodes of a nested graph, in order, its constants, and the values that it returns. */
type Body = Readonly<{
  nodes: readonly OnnxNode[];
  constants: ReadonlyMap<string, Constant>;
  outputs: readonly string[];
}>;

/**
 * The branch of an If whose condition is a constant: exporters ask whether a value has entries, or an axis of size 1.
 *
 * @param condition undefined where it is computed from the data
 * @throws UnsupportedOpError for such a condition
 */
export function branchTaken(node: OnnxNode, condition: Constant | undefined): Body {
  if (!condition)
    throw new UnsupportedOpError(
      node.op,
      node.name,
      `${nodeLabel(node)}: its condition is computed from the data, and no layer chooses between two graphs\nexport the file without control flow`,
    );
  const name = Number(condition.data[0]) === 0 ? "else_branch" : "then_branch";
  const graph = node.attributes.get(name)?.g;
  if (!graph) throw new DataError(`${nodeLabel(node)}: its ${name} is missing\nexport the file again`);
  return bodyOf(graph);
}

const bodyOf = ({ node, initializer, output }: onnx.GraphProto): Body => ({
  nodes: node.map(nodeOf),
  constants: new Map(
    initializer.map((proto) => [
      proto.name,
      readTensor(proto, `initializer ${JSON.stringify(proto.name)} of a branch`),
    ]),
  ),
  outputs: output.map(({ name }) => name),
});
