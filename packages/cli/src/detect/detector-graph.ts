import type { AttributeValue, GraphModel, GraphNode, Initializer, TextConstant } from "@flowify/onnx";
import type { DetectorInput } from "./detector-inputs.js";

/** Code of ONNX's element type. */
const FLOAT = 1;

/** The outputs: an input of one of these names gets `input ` in front. */
export const OUTPUTS = ["score", "p", "flag"] as const;

/** The name of a column's input in the graph. */
export const graphInput = ({ name }: DetectorInput): string =>
  OUTPUTS.some((output) => output === name) ? `input ${name}` : name;

/** Collects nodes and constants; values are called by a prefix and a number. */
function graphBuilder() {
  const nodes: GraphNode[] = [];
  const constants: Initializer[] = [];
  const texts: TextConstant[] = [];
  const fresh = (): string => `detector/${nodes.length + constants.length + texts.length}`;
  return {
    nodes,
    constants,
    texts,
    node(
      op: string,
      inputs: readonly string[],
      attributes: Readonly<Record<string, AttributeValue>> = {},
    ): string {
      const name = fresh();
      nodes.push({ op, domain: "", inputs, outputs: [name], attributes });
      return name;
    },
    floats(data: ArrayLike<number>, ...shape: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float32", shape, data: Float32Array.from(data) });
      return name;
    },
    doubles(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float64", shape: [data.length], data: Float64Array.from(data) });
      return name;
    },
    sizes(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "int64", shape: [data.length], data: BigInt64Array.from(data, BigInt) });
      return name;
    },
    words(values: readonly string[]): string {
      const name = fresh();
      texts.push({ name, shape: [1, values.length], values });
      return name;
    },
  };
}

type Builder = ReturnType<typeof graphBuilder>;

/** Numbers of a column, [batch, 1] or more. */
function encodeColumn(g: Builder, input: DetectorInput): string {
  const name = graphInput(input);
  if (input.kind === "text") {
    const known = g.node("Cast", [g.node("Equal", [name, g.words(input.values)])], { to: FLOAT });
    const any = g.node("ReduceSum", [known, g.sizes(1)], { keepdims: 1 });
    const other = g.node("Sub", [g.floats([1]), any]);
    if (input.values.length <= 1) return other;
    const rest = g.node("Slice", [known, g.sizes(1), g.sizes(input.values.length), g.sizes(1)]);
    return g.node("Concat", [rest, other], { axis: 1 });
  }
  const missing = g.node("IsNaN", [name]);
  const centred = g.node("Cast", [g.node("Sub", [name, g.doubles(input.origin)])], { to: FLOAT });
  const value = g.node("Where", [missing, g.floats([input.fill]), centred]);
  if (!input.indicator) return value;
  return g.node("Concat", [value, g.node("Cast", [missing], { to: FLOAT })], { axis: 1 });
}

/** Adds the nodes of a graph under other names, with `rows` as its input `x`; returns what its outputs are called. */
function addGraph(g: Builder, { nodes, constants, outputs }: GraphModel, rows: string): string[] {
  const own = (name: string): string => (name === "x" ? rows : name === "" ? "" : `rows/${name}`);
  g.constants.push(...constants.map((each) => ({ ...each, name: own(each.name) })));
  g.nodes.push(
    ...nodes.map((node) => ({ ...node, inputs: node.inputs.map(own), outputs: node.outputs.map(own) })),
  );
  return outputs.map(({ name }) => own(name));
}

/**
 * One graph from the columns of a table to `score`, `p` and `flag`, [batch] each. Numbers and days are float64 [batch, 1],
 * NaN where they are missing; texts are strings [batch, 1], empty where they are missing.
 *
 * @param judge from `x`, the rows as the detector takes them, to the outputs
 */
export function detectorGraph(inputs: readonly DetectorInput[], judge: GraphModel): GraphModel {
  const g = graphBuilder();
  const encoded = inputs.map((input) => encodeColumn(g, input));
  const x = encoded.length === 1 ? encoded[0]! : g.node("Concat", encoded, { axis: 1 });
  addGraph(g, judge, x).forEach((name, i) => {
    g.nodes.push({ op: "Identity", domain: "", inputs: [name], outputs: [OUTPUTS[i]!], attributes: {} });
  });
  return {
    name: "detector",
    inputs: inputs
      .filter(({ kind }) => kind !== "text")
      .map((input) => ({ name: graphInput(input), type: "float64", shape: ["batch", 1] })),
    textInputs: inputs
      .filter(({ kind }) => kind === "text")
      .map((input) => ({ name: graphInput(input), shape: ["batch", 1] })),
    outputs: OUTPUTS.map((name) => ({
      name,
      type: name === "flag" ? "int32" : "float32",
      shape: ["batch"],
    })),
    nodes: g.nodes,
    constants: g.constants,
    texts: g.texts,
  };
}
