import type { GraphModel } from "@flowify/onnx";
import { graphBuilder } from "../tables/columns/graph-builder.js";
import { kindOf, type ModelColumn } from "../tables/columns/kinds.js";

/** The outputs: an input of one of these names gets `input ` in front. */
export const OUTPUTS = ["score", "p", "flag"] as const;

/** The name of a column's input in the graph. */
export const graphInput = ({ name }: ModelColumn): string =>
  OUTPUTS.some((output) => output === name) ? `input ${name}` : name;

/**
 * One graph from the columns of a table to `score`, `p` and `flag`, [batch] each. Numbers and days are float64 [batch, 1],
 * NaN where they are missing; texts are strings [batch, 1], empty where they are missing.
 *
 * @param judge from `x`, the rows as the detector takes them, to the outputs
 */
export function detectorGraph(columns: readonly ModelColumn[], judge: GraphModel): GraphModel {
  const g = graphBuilder();
  const encoded = columns.map((column) => kindOf(column).graph(g, column, graphInput(column)));
  const x = encoded.length === 1 ? encoded[0]! : g.node("Concat", encoded, { axis: 1 });
  const own = (name: string): string => (name === "x" ? x : name === "" ? "" : `rows/${name}`);
  const nodes = judge.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(own),
    outputs: node.outputs.map(own),
  }));
  const results = judge.outputs.map(({ name }, i) => ({
    op: "Identity",
    domain: "",
    inputs: [own(name)],
    outputs: [OUTPUTS[i]!],
    attributes: {},
  }));
  const inputsOf = (isText: boolean) =>
    columns
      .filter((column) => kindOf(column).isText === isText)
      .map((column) => ({ name: graphInput(column), shape: ["batch", 1] as const }));
  return {
    name: "detector",
    inputs: inputsOf(false).map((input) => ({ ...input, type: "float64" })),
    textInputs: inputsOf(true),
    outputs: OUTPUTS.map((name) => ({
      name,
      type: name === "flag" ? "int32" : "float32",
      shape: ["batch"],
    })),
    nodes: [...g.nodes, ...nodes, ...results],
    constants: [...g.constants, ...judge.constants.map((each) => ({ ...each, name: own(each.name) }))],
    texts: g.texts,
  };
}
