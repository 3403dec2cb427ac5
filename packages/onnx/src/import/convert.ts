import { DataError, type OrdinaryNetwork, outShape, type Shape, UnsupportedOpError } from "@flowify/core";
import { type Imported, type ImportRule, OpCall } from "./call.js";
import { foldable } from "./constants.js";
import { type Data, isData, type Join, located, MOST_ENTRIES, meeting, type Value } from "./data.js";
import { chosenInput, chosenOutput, startOf } from "./endpoints.js";
import { nodeLabel, type OnnxGraph, type OnnxNode, type OnnxValue } from "./graph.js";
import { stepsTo } from "./paths.js";
import { denseRules } from "./rules/dense.js";
import { elementwiseRules } from "./rules/elementwise.js";
import { rearrangingRules } from "./rules/rearranging.js";
import { transposedRules } from "./rules/transposed.js";
import { windowRules } from "./rules/windows.js";
import { shapeOf } from "./shapes.js";
import { simplified } from "./simplify.js";
import type { Tensor } from "./tensor.js";

/** One rule an operator: what a node becomes. Operators of other domains are named `domain:Op`. */
export type ImportRules = { readonly [op: string]: ImportRule };

export const importRules: ImportRules = {
  ...rearrangingRules,
  ...elementwiseRules,
  ...denseRules,
  ...windowRules,
  ...transposedRules,
};

export type ConvertOptions = {
  /** Which input is the data, where there are several. */
  input?: string;
  /** Which value is the result; any value of the graph may be. Default the only output. */
  output?: string;
  /** Shape of an item, where the file leaves sizes open. */
  inputShape?: Shape;
  /** Rules of one's own, in front of the built-in ones. */
  rules?: ImportRules;
};

/** An ONNX file as an ordinary network. */
export type ConvertedNetwork = Readonly<{
  network: OrdinaryNetwork;
  /** Nodes that each layer of the network came from. */
  origins: readonly (readonly OnnxNode[])[];
  /**
   * The input as the file has it: how many items it takes at once (`any` counts as 1 in the shape, `none`
   * says that there is no axis for them).
   */
  input: Readonly<{ name: string; batch: number | "any" | "none"; shape: readonly number[] }>;
  /** The value that the network computes: the output, or what a function at the end acts on. */
  output: string;
  outShape: Shape;
  /** Functions at the end that were left out (Softmax). */
  leftOut: readonly OnnxNode[];
}>;

/**
 * An ONNX graph as an ordinary network of one input and one output.
 *
 * @throws UnsupportedOpError for an operator without a rule, or beyond its rule: operator, node, place and
 * what it would take; UsageError where there are several inputs or outputs; ShapeError, DataError where
 * sizes do not fit or are not known
 */
export function convertOnnx(graph: OnnxGraph, options: ConvertOptions = {}): ConvertedNetwork {
  const input = chosenInput(graph, options.input);
  const output = chosenOutput(graph, options.output);
  const start = startOf(input, options.inputShape);
  const values = new Map<string, Value>([...graph.constants, [input.name, start]]);
  const rules = { ...importRules, ...options.rules };
  for (const node of needed(graph, output)) compute(node, graph, values, rules);
  const result = values.get(output);
  if (!result || !isData(result))
    throw new DataError(
      `the output ${JSON.stringify(output)} does not depend on the input ${JSON.stringify(input.name)}`,
    );
  const steps = simplified(stepsTo(result, start), start.item);
  const layers = steps.flatMap(({ layer }) => (layer ? [layer] : []));
  if (layers.length === 0)
    throw new DataError(`the output ${JSON.stringify(output)} is the input: there is no layer between them`);
  return {
    network: { inShape: start.item, layers },
    origins: steps.map(({ nodes }) => nodes),
    input: { name: input.name, batch: batchOf(input, start), shape: start.full },
    output: result.leftOut[0]?.inputs[0] ?? output,
    outShape: result.item,
    leftOut: result.leftOut,
  };
}

const batchOf = ({ shape }: OnnxValue, { batched, full }: Data): number | "any" | "none" =>
  !batched ? "none" : typeof shape[0] === "number" ? full[0]! : "any";

/** The nodes that a value needs, in order. */
function needed({ nodes }: OnnxGraph, output: string): OnnxNode[] {
  const wanted = new Set([output]);
  const found: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => name !== "" && wanted.has(name))) continue;
    found.push(node);
    for (const name of node.inputs) wanted.add(name);
  }
  return found.reverse();
}

const ruleName = ({ domain, op }: OnnxNode): string => (domain === "" ? op : `${domain}:${op}`);

/** Computes the first output of a node: a constant of constants, or data of data. */
function compute(node: OnnxNode, graph: OnnxGraph, values: Map<string, Value>, rules: ImportRules): void {
  const inputs = node.inputs.map((name) => {
    const value = values.get(name);
    if (name === "" || value) return value;
    throw new UnsupportedOpError(
      node.op,
      node.name,
      `${nodeLabel(node)}: its input ${JSON.stringify(name)} is another input of the graph, or another output of a node than the first: a network has one of each`,
    );
  });
  const [name = ""] = node.outputs;
  const data = inputs.filter((value): value is Data => value !== undefined && isData(value));
  if (data.length === 0) {
    const fold = node.domain === "" ? foldable[node.op] : undefined;
    if (!fold) throw noRule(node, rules, "on constants");
    values.set(name, fold(node, inputs as (Tensor | undefined)[], graph.opset));
  } else if (node.domain === "" && node.op === "Shape") {
    values.set(name, shapeOf(node, data[0]!.full));
  } else {
    values.set(name, applied(new OpCall(node, graph.opset, inputs), data, rules));
  }
}

function noRule(node: OnnxNode, rules: ImportRules, where: string): UnsupportedOpError {
  const what = ruleName(node);
  return new UnsupportedOpError(
    what,
    node.name,
    `${nodeLabel(node)}: there is no rule for ${what} ${where}; there are rules for ${Object.keys(rules).join(", ")}\nwrite a rule that makes layers of it: --rules FILE.js, the option rules of convertOnnx`,
  );
}

/** What a node makes of data. */
function applied(call: OpCall, data: readonly Data[], rules: ImportRules): Data {
  const { node } = call;
  const rule = Object.hasOwn(rules, ruleName(node)) ? rules[ruleName(node)] : undefined;
  if (!rule) throw noRule(node, rules, "on data");
  const given = rule(call);
  const imported: Imported = "layers" in given ? given : { layers: given };
  const { layers, join } = imported;
  const early = data.flatMap(({ leftOut }) => leftOut)[0];
  if (early && (layers.length > 0 || join))
    throw new UnsupportedOpError(
      early.op,
      early.name,
      `${nodeLabel(early)}: it is inside of the network; a ${early.op} is only left out at the very end`,
    );
  if (data.length > 1 && !join)
    throw call.unsupported("it takes several things computed from the input; its rule joins none");
  const before = data.reduce(meeting);
  const item = outShape(layers, join ? joinedShape(join, data) : data[0]!.item);
  const batch = data[0]!.batched ? data[0]!.full[0]! : 1;
  const shape = imported.shape ?? (data[0]!.batched ? [batch, ...item] : item);
  const result = located(shape, batch);
  if (result.item.reduce((a, b) => a * b, 1) !== item.reduce((a, b) => a * b, 1) || item.some((n) => n < 1))
    throw call.misfit(`its layers give [${item.join(", ")}], the file [${shape.join(", ")}]`);
  if (item.reduce((a, b) => a * b, 1) > MOST_ENTRIES)
    throw call.misfit(`it gives [${shape.join(", ")}] for an item, more than ${MOST_ENTRIES} numbers`);
  return {
    ...result,
    made: { node, inputs: data, before, imported },
    depth: before.depth + 1,
    leftOut: [...data[0]!.leftOut, ...(imported.leftOut ? [node] : [])],
  };
}

/** Shape of what several inputs come together to. */
function joinedShape({ how, axis = 0, front }: Join, data: readonly Data[]): Shape {
  const [first = [], ...others] = data.map(({ item }, i) => outShape(front?.[i] ?? [], item));
  if (how === "add") return first;
  return first.map((n, i) => (i === axis ? others.reduce((sum, shape) => sum + shape[axis]!, n) : n));
}
