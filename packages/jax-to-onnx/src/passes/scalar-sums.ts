import type { Graph } from "../graph.js";
import type { Pass } from "./pass.js";

/** A chain of additions of scalars, ((a + b) + c) + …, becomes one Sum, which adds in that order. */
function joinScalarSums(graph: Graph): void {
  const scalar = (name: string): boolean => graph.shapeOf(name).length === 0;
  graph.rewrite((node) => {
    if (node.op !== "Add" || ![...node.inputs, ...node.outputs].every(scalar)) return undefined;
    const [first, second] = node.inputs as [string, string];
    const before = graph.producer(first);
    const isSum = before?.op === "Sum" || before?.op === "Add";
    if (!isSum || first === second || !graph.hasOneReader(first)) return undefined;
    const [name] = node.outputs as [string];
    const type = { type: graph.typeOf(name), shape: [] };
    return [graph.node("Sum", [...before.inputs, second], type)];
  });
}

export const scalarSums: Pass = {
  name: "scalar-sums",
  why: "the norm of a gradient has a term for every parameter: one node instead of one for each",
  run: joinScalarSums,
};
