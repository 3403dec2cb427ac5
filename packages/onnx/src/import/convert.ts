import { DataError, type OrdinaryNetwork, UnsupportedOpError } from "@flowify/core";
import { checkOptions, type OrdinaryLayer, optionSchemas as o, outShape } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import { blockersOf, listed } from "./blockers.js";
import { type DataShape, type Imported, type ImportRule, OpCall } from "./call.js";
import { branchTaken } from "./conditional.js";
import { foldable } from "./constants.js";
import { type Data, isData, type Join, located, MOST_ENTRIES, meeting, type Value } from "./data.js";
import { chosenInput, chosenOutput, startOf } from "./endpoints.js";
import { neededFor, nodeLabel, type OnnxGraph, type OnnxNode, type OnnxValue } from "./graph.js";
import { expectInputs } from "./inputs.js";
import { stepsTo } from "./paths.js";
import { recognized } from "./patterns.js";
import { denseRules } from "./rules/dense.js";
import { einsumRules } from "./rules/einsum.js";
import { elementwiseRules } from "./rules/elementwise.js";
import { normRules } from "./rules/norms.js";
import { rearrangingRules } from "./rules/rearranging.js";
import { recurrentRules } from "./rules/recurrent.js";
import { reducingRules } from "./rules/reducing.js";
import { resizingRules } from "./rules/resizing.js";
import { selectingRules } from "./rules/selecting.js";
import { transposedRules } from "./rules/transposed.js";
import { windowRules } from "./rules/windows.js";
import { shapeOf } from "./shapes.js";
import { simplified } from "./simplify.js";
import { type Constant, integers, numbersOf } from "./tensor.js";

/** One conversion rule per operator. Operators of other domains are named `domain:Op`. */
export type ImportRules = { readonly [op: string]: ImportRule };

export const importRules: ImportRules = {
  ...rearrangingRules,
  ...elementwiseRules,
  ...denseRules,
  ...einsumRules,
  ...windowRules,
  ...selectingRules,
  ...resizingRules,
  ...reducingRules,
  ...recurrentRules,
  ...normRules,
  ...transposedRules,
};

export type ConvertOptions = {
  /** The data input, if there are several inputs. */
  input?: string;
  /** The output; any value of the graph is allowed. Default: the only output. */
  output?: string;
  /** Shape of an example, if the file leaves sizes open. */
  inputShape?: Shape;
  /** Additional rules, which override the built-in ones. */
  rules?: ImportRules;
};

/** An ONNX file as an ordinary network. */
export type ConvertedNetwork = Readonly<{
  network: OrdinaryNetwork;
  /** Source nodes of each layer of the network. */
  origins: readonly (readonly OnnxNode[])[];
  /**
   * The input in the file: its number of examples per call (`any` counts as 1 in the shape, `none` means no batch
   * axis).
   */
  input: Readonly<{ name: string; batch: number | "any" | "none"; shape: readonly number[] }>;
  /** The value that the network computes: the output, or the input of a function at the end. */
  output: string;
  outShape: Shape;
  /** Functions left out at the end (Softmax). */
  leftOut: readonly OnnxNode[];
}>;

/**
 * An ONNX graph as an ordinary network of one input and one output.
 *
 * @throws UnsupportedOpError for an operator without a rule, or not covered by its rule, with operator, node, position
 * and remedy; UsageError for several inputs or outputs; ShapeError, DataError if sizes do not fit or are unknown
 */
export function convertOnnx(file: OnnxGraph, options: ConvertOptions = {}): ConvertedNetwork {
  checkOptions(
    "convertOnnx",
    { input: o.text, output: o.text, inputShape: o.anything, rules: o.record },
    options,
  );
  const graph = recognized(file);
  const input = chosenInput(graph, options.input);
  const output = chosenOutput(graph, options.output);
  const start = startOf(input, options.inputShape);
  const values = new Map<string, Value>([...graph.constants, [input.name, start]]);
  const rules = { ...importRules, ...options.rules };
  const openBatch = batchOf(input, start) === "any";
  try {
    for (const node of neededFor(output, graph.nodes, (each) => each))
      compute(node, { graph, openBatch }, values, rules);
  } catch (error) {
    if (!(error instanceof UnsupportedOpError)) throw error;
    const { op, node, message } = error;
    const all = blockersOf(graph, output, rules, error);
    const isAlone = Object.values(all).flat().length === 1;
    const list = isAlone ? "" : `\nin the way, all together: ${listed(all)}`;
    throw new UnsupportedOpError(op, node, `${message}${list}`, { cause: error, all });
  }
  const result = values.get(output);
  if (!result || !isData(result))
    throw new DataError(
      `the output ${JSON.stringify(output)} does not depend on the input ${JSON.stringify(input.name)}`,
    );
  expectBatchInFront(result);
  const steps = simplified(stepsTo(result, start), start.example);
  const layers = steps.flatMap(({ layer }) => (layer ? [layer] : []));
  if (layers.length === 0)
    throw new DataError(`the output ${JSON.stringify(output)} is the input: there is no layer between them`);
  return {
    network: { inShape: start.example, layers },
    origins: steps.map(({ nodes }) => nodes),
    input: { name: input.name, batch: batchOf(input, start), shape: start.full },
    output: result.leftOut[0]?.inputs[0] ?? output,
    outShape: result.example,
    leftOut: result.leftOut,
  };
}

const batchOf = ({ shape }: OnnxValue, { batched, full }: Data): number | "any" | "none" =>
  !batched ? "none" : typeof shape[0] === "number" ? full[0]! : "any";

const ruleName = ({ domain, op }: OnnxNode): string => (domain === "" ? op : `${domain}:${op}`);

/** Operators whose further outputs have layers, too. */
const OF_SEVERAL_OUTPUTS = ["Split", ...Object.keys(recurrentRules)];

const outputsOf = (node: OnnxNode): readonly string[] =>
  OF_SEVERAL_OUTPUTS.includes(ruleName(node)) ? node.outputs : node.outputs.slice(0, 1);

/** Computes the outputs of a node: a constant from constants, or data from data. Of most it is the first one. */
function compute(
  node: OnnxNode,
  { graph, openBatch }: Readonly<{ graph: OnnxGraph; openBatch: boolean }>,
  values: Map<string, Value>,
  rules: ImportRules,
): void {
  if (ruleName(node) === "If") {
    const condition = values.get(node.inputs[0] ?? "");
    const branch = branchTaken(node, condition && !isData(condition) ? condition : undefined);
    for (const [name, constant] of branch.constants) values.set(name, constant);
    for (const inner of branch.nodes) compute(inner, { graph, openBatch }, values, rules);
    node.outputs.forEach((name, i) => {
      const value = values.get(branch.outputs[i] ?? "");
      if (value) values.set(name, value);
    });
    return;
  }
  const inputs = node.inputs.map((name) => {
    const value = values.get(name);
    if (name === "" || value) return value;
    throw new UnsupportedOpError(
      node.op,
      node.name,
      `${nodeLabel(node)}: its input ${JSON.stringify(name)} is a second input of the graph, or a second output of a node: a network has one of each`,
    );
  });
  const [name = ""] = node.outputs;
  const data = inputs.filter((value): value is Data => value !== undefined && isData(value));
  if (data.length === 0) {
    const fold = node.domain === "" && Object.hasOwn(foldable, node.op) ? foldable[node.op] : undefined;
    if (!fold) throw noRule(node, rules, "on constants");
    outputsOf(node).forEach((each, i) => {
      if (each !== "") values.set(each, fold(node, inputs as (Constant | undefined)[], graph.opset, i));
    });
  } else if (node.domain === "" && node.op === "Shape") {
    values.set(name, shapeOf(node, data[0]!.full));
  } else if (node.domain === "" && node.op === "Size") {
    values.set(name, integers([sizeOf(data[0]!.full)], []));
  } else {
    outputsOf(node).forEach((each, i) => {
      const call = new OpCall(node, graph.opset, inputs.map(forRules), openBatch, i);
      if (each !== "") values.set(each, applied(call, data, rules));
    });
  }
}

const forRules = (value: Value | undefined) => (value && !isData(value) ? numbersOf(value) : value);

function noRule(node: OnnxNode, rules: ImportRules, where: string): UnsupportedOpError {
  const what = ruleName(node);
  return new UnsupportedOpError(
    what,
    node.name,
    `${nodeLabel(node)}: there is no rule for ${what} ${where}; docs/convert.md lists the ${Object.keys(rules).length} operators with rules\nwrite a rule that turns it into layers, by the option rules`,
  );
}

/** Converts a node with data inputs. */
function applied(call: OpCall, data: readonly Data[], rules: ImportRules): Data {
  const { node } = call;
  const rule = Object.hasOwn(rules, ruleName(node)) ? rules[ruleName(node)] : undefined;
  if (!rule) throw noRule(node, rules, "on data");
  if (importRules[ruleName(node)] === rule) expectInputs(call);
  const given = rule(call);
  const imported: Imported = "layers" in given ? given : { layers: given };
  const { layers, join } = imported;
  const early = data.flatMap(({ leftOut }) => leftOut)[0];
  const inside = () => data.map((each) => (each.leftOut.length > 0 ? (each.inside?.() ?? each) : each));
  if (early && (layers.length > 0 || join)) {
    const all = inside();
    if (all.every(({ leftOut }) => leftOut.length === 0)) return applied(call, all, rules);
    throw new UnsupportedOpError(
      early.op,
      early.name,
      `${nodeLabel(early)}: it is inside the network; flowify leaves out a ${early.op} only at the very end`,
    );
  }
  if (data.length > 1 && !join)
    throw call.unsupported("it has several inputs computed from the data; its rule takes one");
  const before = data.reduce(meeting);
  const example = outShape(layers, join ? joinedShape(join, data) : data[0]!.example);
  const batch = data[0]!.batched ? data[0]!.full[0]! : 1;
  const shape = imported.shape ?? (data[0]!.batched ? [batch, ...example] : example);
  const place = placeOfBatch(call, imported, shape);
  const result = place ? { full: shape, batched: false, example: shape, ...place } : located(shape, batch);
  if (sizeOf(result.example) !== sizeOf(example) || example.some((n) => n < 1))
    throw call.misfit(`its layers return [${example.join(", ")}], the file has [${shape.join(", ")}]`);
  if (sizeOf(example) > MOST_ENTRIES)
    throw call.misfit(`it returns [${shape.join(", ")}] for an example, more than ${MOST_ENTRIES} numbers`);
  const value = { ...result, made: { node, inputs: data, before, imported }, depth: before.depth + 1 };
  const { leftOut } = imported;
  if (leftOut === undefined)
    return {
      ...value,
      leftOut: data[0]!.leftOut,
      ...(early && { inside: () => applied(call, inside(), rules) }),
    };
  const withLayers = (layers: readonly OrdinaryLayer[]) => (): Data => {
    const [from] = inside() as [Data];
    const made = { node, inputs: [from], before: from, imported: { layers } };
    return { ...value, made, depth: from.depth + 1, leftOut: [] };
  };
  return {
    ...value,
    leftOut: [...data[0]!.leftOut, node],
    ...(leftOut !== true && { inside: withLayers(leftOut) }),
  };
}

/** Operators whose rules say where the batch is, if it is not in front. */
const KNOW_THE_BATCH = ["Transpose", "Squeeze", "Gather", ...Object.keys(recurrentRules)];

/** Operators that keep the order of all entries. */
const KEEP_THE_ORDER = ["Reshape", "Unsqueeze"];

/** The axis that holds the batch, behind `outer` entries of an example. */
type BatchPlace = Pick<DataShape, "outer"> & Readonly<{ moved: number }>;

/**
 * Position of the batch axis after a node, once it is no longer in front. Until a Transpose moves it back, nodes must
 * keep all axes, except for the size of the last one: other shapes would be valid only for a batch of 1. Axes may be cut or
 * merged where the batch stands between two of them.
 */
function placeOfBatch(
  call: OpCall,
  { moved: placed }: Imported,
  shape: readonly number[],
): BatchPlace | undefined {
  const { full, moved, outer = 1 } = call.first;
  const { op } = call.node;
  if (call.data.some((each) => each.moved !== moved || (each.outer ?? 1) !== outer))
    throw call.unsupported("its inputs have the batch on different axes");
  const within = outer > 1 ? { outer } : {};
  if (moved === undefined || KNOW_THE_BATCH.includes(op))
    return placed === undefined ? undefined : { moved: placed, ...within };
  if (op === "Split" || op === "Slice") return { moved, ...within };
  const last = full.length - 1;
  const kept =
    shape.length === full.length && shape.every((n, i) => n === full[i] || (i === last && i !== moved));
  const mixes = moved === last && (op === "MatMul" || op === "Gemm");
  if (kept && !mixes) return { moved, ...within };
  const place = KEEP_THE_ORDER.includes(op)
    ? between(shape, outer * sizeOf(full.slice(0, moved)))
    : "nowhere";
  if (place !== "nowhere") return place;
  throw call.unsupported(
    `it turns [${full.join(", ")}] into [${shape.join(", ")}], but a Transpose has moved the batch to axis ${moved}; move it back first, or export the file with a batch of 1`,
  );
}

/** Where the batch is behind so many entries: in front of an axis, or at the end of the one before the last. */
function between(shape: readonly number[], ahead: number): BatchPlace | undefined | "nowhere" {
  const at = shape.findIndex((_, i) => sizeOf(shape.slice(0, i)) === ahead);
  if (at < 0) return "nowhere";
  if (at === 0) return undefined;
  const isLast = at === shape.length - 1 && shape[at] !== 1;
  return isLast ? { moved: at - 1, outer: shape[at - 1]! } : { moved: at };
}

/** @throws UnsupportedOpError if the result of a file for batches of any size has the batch on another axis */
function expectBatchInFront(result: Data): void {
  if (result.moved === undefined) return;
  let at = result;
  while (at.made && at.made.node.op !== "Transpose") at = at.made.inputs[0]!;
  const node = at.made!.node;
  throw new UnsupportedOpError(
    node.op,
    node.name,
    `${nodeLabel(node)}: it moves the batch axis to axis ${result.moved} of the result [${result.full.join(", ")}], and no later node moves it back; export the file with the batch as the first axis, or with a batch of 1`,
  );
}

/** Shape of several joined inputs. */
function joinedShape({ how, axis = 0, front }: Join, data: readonly Data[]): Shape {
  const [first = [], ...others] = data.map(({ example }, i) => outShape(front?.[i] ?? [], example));
  if (how === "matmul") return [...first.slice(0, -1), others[0]!.at(-1)!];
  if (how !== "concat") return first;
  return first.map((n, i) => (i === axis ? others.reduce((sum, shape) => sum + shape[axis]!, n) : n));
}
