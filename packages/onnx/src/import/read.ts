import { fromBinary } from "@bufbuild/protobuf";
import { DataError, FlowifyError, UnsupportedOpError } from "@flowify/core";
import * as onnx from "onnx-buf";
import { nodeLabel, type OnnxGraph, type OnnxNode, type OnnxValue } from "./graph.js";
import { expectModestSize } from "./limits.js";
import { type Constant, type ExternalData, readTensor } from "./tensor.js";

/** The newest supported opset. */
export const NEWEST_OPSET = 26;

/**
 * Reads an ONNX file: its graph with all weights, checked as far as possible without the semantics of operators. Opsets
 * 1 to 26; weights in the file or, through `external`, next to it.
 *
 * @throws DataError for a file that is not ONNX, cut short, or inconsistent; DomainError for weights that are not
 * finite; UnsupportedOpError for loops; each names the node or tensor
 */
export function readOnnx(bytes: Uint8Array, external?: ExternalData): OnnxGraph {
  const model = decodeModel(bytes);
  const { graph } = model;
  const versions = model.opsetImport.filter(({ domain }) => domain === "" || domain === "ai.onnx");
  if (versions.length === 0 && model.irVersion >= 3n)
    throw notOnnx("it has no opset, the version of its operators");
  const opset = Number(versions[0]?.version ?? 1n);
  if (opset < 1 || opset > NEWEST_OPSET)
    throw new DataError(
      `its operators are of opset ${opset}, expected 1 to ${NEWEST_OPSET}\nexport the file with an older opset_version`,
    );
  const constants = new Map<string, Constant>();
  for (const proto of graph.initializer) {
    if (constants.has(proto.name)) throw twice("initializer", proto.name);
    constants.set(proto.name, readTensor(proto, `initializer ${JSON.stringify(proto.name)}`, external));
  }
  if (graph.sparseInitializer.length > 0)
    throw new DataError("its weights are sparse, expected dense weights\nexport the file with dense weights");
  // until IR version 3 every initializer was also an input
  const inputs = graph.input.filter(({ name }) => !constants.has(name)).map(describeValue);
  const nodes = inOrder(
    graph.node.map(nodeOf),
    [...constants.keys()],
    inputs.map(({ name }) => name),
  );
  const outputs = graph.output.map(describeValue);
  const known = new Set([...constants.keys(), ...inputs.map(({ name }) => name)]);
  for (const { outputs: names } of nodes) for (const name of names) known.add(name);
  const missing = outputs.find(({ name }) => !known.has(name));
  if (missing)
    throw new DataError(
      `the output ${JSON.stringify(missing.name)} is not computed by any node\nexport the file again`,
    );
  return { opset, producer: model.producerName, inputs, outputs, nodes, constants };
}

const notOnnx = (why: string, cause?: unknown): DataError =>
  new DataError(`not an ONNX file, or cut short: ${why}`, { cause });

/**
 * The message of an ONNX file, which has a graph.
 *
 * @throws DataError for another file
 */
export function decodeModel(bytes: Uint8Array): onnx.ModelProto & { graph: onnx.GraphProto } {
  try {
    expectModestSize(bytes);
    const model = fromBinary(onnx.ModelProtoSchema, bytes, { readUnknownFields: false });
    if (!model.graph) throw notOnnx("it holds no graph");
    return model as onnx.ModelProto & { graph: onnx.GraphProto };
  } catch (cause) {
    if (cause instanceof FlowifyError) throw cause;
    throw notOnnx((cause as Error).message, cause);
  }
}

const twice = (what: string, name: string): DataError =>
  new DataError(`two ${what}s have the name ${JSON.stringify(name)}\nexport the file again`);

export function describeValue({ name, type }: onnx.ValueInfoProto): OnnxValue {
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  if (!tensor)
    throw new DataError(
      `the value ${JSON.stringify(name)} is not a tensor\nexport the file with tensors only`,
    );
  const shape = (tensor.shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.value || "?",
  );
  return { name, type: tensor.elemType, shape };
}

/** The values of the graph around them that nested graphs read. */
function readOutside({ attribute }: onnx.NodeProto): string[] {
  const found = attribute.flatMap(({ g, graphs }) =>
    [...(g ? [g] : []), ...graphs].flatMap(({ node, initializer, input, output }) => {
      const own = new Set([...initializer, ...input].map(({ name }) => name));
      for (const each of node) for (const name of each.output) own.add(name);
      const read = [
        ...node.flatMap((each) => [...each.input, ...readOutside(each)]),
        ...output.map(({ name }) => name),
      ];
      return read.filter((name) => name !== "" && !own.has(name));
    }),
  );
  return [...new Set(found)];
}

/** An operator of a file. Errors: `UnsupportedOpError` for a loop. */
export function nodeOf(proto: onnx.NodeProto, index: number): OnnxNode {
  const { domain, input, output, attribute } = proto;
  const op = JSON.stringify(proto.opType).slice(1, -1); // on one line, for messages
  const node: OnnxNode = {
    op,
    domain: domain === "ai.onnx" ? "" : domain,
    name: proto.name || (output[0] ?? ""),
    index,
    inputs: [...input, ...readOutside(proto)],
    outputs: output,
    attributes: new Map(attribute.map((each) => [each.name, each])),
  };
  if (node.attributes.size < attribute.length)
    throw new DataError(`${nodeLabel(node)}: has an attribute twice\nexport the file again`);
  const isNested = attribute.some(({ g, graphs }) => g || graphs.length > 0);
  if (isNested && (op !== "If" || node.domain !== ""))
    throw new UnsupportedOpError(
      op,
      node.name,
      `${nodeLabel(node)}: holds a nested graph, as a loop does, and no layer does\nexport the file without control flow`,
    );
  return node;
}

/** Sorts nodes topologically: some exporters write them in another order. */
function inOrder(
  nodes: readonly OnnxNode[],
  constants: readonly string[],
  inputs: readonly string[],
): OnnxNode[] {
  const maker = new Map<string, OnnxNode | undefined>();
  for (const name of constants) maker.set(name, undefined);
  for (const name of inputs) {
    if (maker.has(name)) throw twice("input", name);
    maker.set(name, undefined);
  }
  for (const node of nodes)
    for (const name of node.outputs) {
      if (name === "") continue;
      if (maker.has(name)) throw twice("value", name);
      maker.set(name, node);
    }
  const waiting = new Map<OnnxNode, number>();
  const readers = new Map<OnnxNode, OnnxNode[]>();
  for (const node of nodes) {
    const needed = new Set<OnnxNode>();
    for (const name of node.inputs) {
      if (name === "") continue;
      if (!maker.has(name))
        throw new DataError(
          `${nodeLabel(node)}: its input ${JSON.stringify(name)} is neither in the file nor computed by a node\nexport the file again, with its weights`,
        );
      const source = maker.get(name);
      if (source) needed.add(source);
    }
    waiting.set(node, needed.size);
    for (const source of needed) readers.set(source, [...(readers.get(source) ?? []), node]);
  }
  const ready = nodes.filter((node) => waiting.get(node) === 0);
  for (let i = 0; i < ready.length; i++)
    for (const reader of readers.get(ready[i]!) ?? []) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  const stuck = nodes.find((node) => waiting.get(node)! > 0);
  if (stuck)
    throw new DataError(
      `${nodeLabel(stuck)}: its inputs depend on its own output: the graph has a cycle\nexport the file again`,
    );
  return ready;
}
