import { create, toBinary } from "@bufbuild/protobuf";
import { DataError, DomainError, UsageError } from "@flowify/core";
import { didYouMean } from "@flowify/core/internal";
import { type GraphModel, toModelProto } from "jax-to-onnx/internal";
import * as onnx from "onnx-buf";
import { isFloat } from "../import/elements.js";
import type { OnnxValue } from "../import/graph.js";
import { bringIn, canBeFed, readBy } from "../import/original.js";
import { decodeModel, describeValue } from "../import/read.js";
import { type ExternalData, readTensor } from "../import/tensor.js";
import { mainLine, type Station } from "./main-line.js";

/** An ONNX file that outputs can be added to: its nodes stay as they are. */
export type GivenModel = Readonly<{
  /** The input of the data, with the batch as its first axis. */
  input: OnnxValue;
  /** Other inputs, which get zeros. */
  others: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  /** Nodes, and numbers of all weights. */
  nodes: number;
  weights: number;
  /** True where weights lie in other files. */
  isSplit: boolean;
  /** What the first output depends on, from the input on. */
  line: readonly Station[];
  metadata: ReadonlyMap<string, string>;
  /** @throws UsageError for a value that the file does not compute; it names similar ones */
  expectValue(name: string): void;
  /** The first weights that are not finite. Bounds of Clip may be infinite. */
  nonFinite(): string | undefined;
  /** The file with values as outputs after its own. */
  showing(names: readonly string[]): Uint8Array;
  /**
   * The file with the nodes of a graph after its own. The inputs of the graph are values of the file, its outputs are
   * outputs after those of the file. All weights are inside.
   */
  with(part: GraphModel): Uint8Array;
}>;

/** In front of the names of added values. */
const PREFIX = "guard/";

/** Operators that mean something else in the two opsets before the oldest one that graphs are written for. */
const CHANGED = ["Upsample", "Scan"];

/** The oldest opset that nodes are written for. */
const OLDEST_OPSET = 9;

/** Constants are also inputs until this version of the format, or nodes. */
const WITH_INPUTS = 4n;

/** The newest opset for which nodes are written; later ones did not change the meaning of these. */
const NEWEST_WRITTEN = 23;

const typeNames: Readonly<Record<number, string>> = {
  [onnx.TensorProto_DataType.STRING]: "texts",
  [onnx.TensorProto_DataType.DOUBLE]: "float64 numbers",
  [onnx.TensorProto_DataType.FLOAT16]: "float16 numbers",
  [onnx.TensorProto_DataType.BFLOAT16]: "bfloat16 numbers",
  [onnx.TensorProto_DataType.BOOL]: "booleans",
};

export type GivenOptions = Readonly<{
  /** The input of the data, where the file has several. */
  input?: string | undefined;
  /** The file is to run as it is: its input may lack a batch axis, and is the only one. */
  asItIs?: boolean;
  /** The input may have any floating point numbers. Default: float32, as added nodes compute in. */
  anyFloat?: boolean;
}>;

/**
 * Opens an ONNX file to run it, or to add outputs to it.
 *
 * @throws DataError for a file that is not ONNX, UsageError for inputs that cannot be fed
 */
export function openGiven(
  bytes: Uint8Array,
  external?: ExternalData,
  { input: named, ...taken }: GivenOptions = {},
): GivenModel {
  const model = decodeModel(bytes);
  const { graph } = model;
  const held = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !held.has(name)).map(describeValue);
  const input = inputOf(inputs, named, taken);
  const others = inputs.filter((each) => each !== input);
  for (const each of others) expectFixed(each, input);
  const imported = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  const opset = Number(imported?.version ?? 1n);
  const outputs = graph.output.map(describeValue);
  const first = outputs[0];
  if (!first) throw new DataError("its graph has no outputs\nexport the file again");
  const values = new Set([...inputs.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
  return {
    input,
    others,
    outputs,
    nodes: graph.node.length,
    weights: graph.initializer.reduce((sum, { dims }) => sum + productOf(dims), 0),
    isSplit: graph.initializer.some(
      ({ dataLocation }) => dataLocation === onnx.TensorProto_DataLocation.EXTERNAL,
    ),
    line: mainLine(graph.node, input.name, first.name, readBy),
    metadata: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
    expectValue(name) {
      if (values.has(name)) return;
      const known = [...values].filter((each) => each !== "");
      throw new UsageError(
        `it has no value ${JSON.stringify(name)}${didYouMean(name, known) || `, expected one of its ${known.length} values`}\nflowify inspect lists the nodes; name an output of one of them`,
      );
    },
    nonFinite() {
      const isBad = (tensor: onnx.TensorProto): boolean => {
        try {
          readTensor(tensor, tensor.name, external);
          return false;
        } catch (error) {
          if (error instanceof DomainError) return true;
          throw error;
        }
      };
      const bounds = new Set(
        graph.node.flatMap(({ opType, input }) => (opType === "Clip" ? input.slice(1) : [])),
      );
      return graph.initializer.find((tensor) => !bounds.has(tensor.name) && isBad(tensor))?.name;
    },
    showing(names) {
      const copy = decodeModel(bytes);
      if (external) for (const tensor of copy.graph.initializer) bringIn(tensor, external);
      for (const name of names) copy.graph.output.push(create(onnx.ValueInfoProtoSchema, { name }));
      return toBinary(onnx.ModelProtoSchema, copy);
    },
    with(part) {
      const written = writtenOpset(graph, opset);
      const copy = decodeModel(bytes);
      const own = copy.graph;
      for (const tensor of own.initializer) if (external) bringIn(tensor, external);
      const ends = new Set([
        ...part.inputs.map(({ name }) => name),
        ...part.outputs.map(({ name }) => name),
        "",
      ]);
      const taken = new Set([...held, ...values]);
      const nameOf = (name: string): string => (ends.has(name) ? name : `${PREFIX}${name}`);
      const clash = part.outputs.find(({ name }) => taken.has(name));
      if (clash)
        throw new UsageError(
          `it has a value ${JSON.stringify(clash.name)} already, the name of an added output\nrename it, or take the file before it was guarded`,
        );
      const added = toModelProto(part, { opset: Math.min(written, NEWEST_WRITTEN) }).graph as onnx.GraphProto;
      // ONNX Runtime warns of each constant that no node reads
      const read = new Set([
        ...added.node.flatMap(({ input }) => input),
        ...part.outputs.map(({ name }) => name),
      ]);
      const constants = added.initializer.filter(({ name }) => read.has(name));
      for (const each of constants) each.name = nameOf(each.name);
      if (copy.irVersion < WITH_INPUTS) own.node.push(...constants.map(constantNode));
      else own.initializer.push(...constants);
      for (const each of added.node) {
        each.name = `${PREFIX}${each.name}`;
        each.input = each.input.map(nameOf);
        each.output = each.output.map(nameOf);
      }
      own.node.push(...added.node);
      own.output.push(...added.output);
      for (const each of copy.opsetImport)
        if (each.domain === "" || each.domain === "ai.onnx") each.version = BigInt(written);
      for (const [key, value] of Object.entries(part.metadata ?? {}))
        copy.metadataProps.push(create(onnx.StringStringEntryProtoSchema, { key, value }));
      return toBinary(onnx.ModelProtoSchema, copy);
    },
  };
}

const productOf = (sizes: readonly bigint[]): number =>
  sizes.reduce((product, size) => product * Number(size), 1);

function inputOf(
  inputs: readonly OnnxValue[],
  named: string | undefined,
  { asItIs = false, anyFloat = false }: Omit<GivenOptions, "input">,
): OnnxValue {
  const names = inputs.map(({ name }) => name);
  const found = named === undefined ? inputs[0] : inputs.find(({ name }) => name === named);
  if (!found)
    throw new UsageError(
      named === undefined
        ? "its graph has no input\nexport the network with the data as an input"
        : `--input ${named}: it has the inputs ${names.join(", ")}${didYouMean(named, names)}\nname the one of the data`,
    );
  if (named === undefined && inputs.length > 1)
    throw new UsageError(
      `it has ${inputs.length} inputs, ${names.join(", ")}\n${asItIs ? "export the network with the others built in" : "name the one of the data with --input; the others get zeros"}`,
    );
  const { name, type, shape } = found;
  if (anyFloat ? !canBeFed(type) : type !== onnx.TensorProto_DataType.FLOAT)
    throw new UsageError(
      `its input ${JSON.stringify(name)} takes ${typeNames[type] ?? "integers"}, expected float32 numbers\nexport ${exported(type)}`,
    );
  if (shape.length < (asItIs ? 1 : 2))
    throw new UsageError(
      `its input ${JSON.stringify(name)} is [${shape.join(", ")}], without a batch axis; expected [batch, …]\nexport the network for batches`,
    );
  return found;
}

/** What to do about an input of another type. */
function exported(type: number): string {
  if (isFloat(type)) return "the network with float32 inputs";
  return `the part of the network behind ${type === onnx.TensorProto_DataType.STRING ? "the text" : "the cast or the embedding"}`;
}

/** Inputs beside the data get zeros, a row for each example where one size is open. */
function expectFixed({ name, type, shape }: OnnxValue, data: OnnxValue): void {
  const open = shape.filter((size) => typeof size !== "number").length;
  if (canBeFed(type) && open <= 1) return;
  throw new UsageError(
    `its input ${JSON.stringify(name)} is [${shape.join(", ")}] of ${canBeFed(type) ? "open sizes" : (typeNames[type] ?? "integers")}, and cannot get zeros\n${open > 0 ? "export the network with its value built in" : `set its value, such as --input ${data.name},${name}=1`}`,
  );
}

/** The opset that the file gets: its own, or the oldest that graphs are written for where no node changes its meaning. */
function writtenOpset(graph: onnx.GraphProto, opset: number): number {
  if (opset >= OLDEST_OPSET) return opset;
  const changed = graph.node.find(
    ({ opType, attribute }) =>
      CHANGED.includes(opType) ||
      (opType === "BatchNormalization" && attribute.some(({ name }) => name === "spatial")),
  );
  if (opset >= OLDEST_OPSET - 2 && !changed) return OLDEST_OPSET;
  throw new UsageError(
    `its operators are of opset ${opset}${changed ? `, and ${changed.opType} has another meaning later` : ""}; expected ${OLDEST_OPSET} at least\nexport the file with a newer opset_version`,
  );
}

const constantNode = (tensor: onnx.TensorProto): onnx.NodeProto =>
  create(onnx.NodeProtoSchema, {
    opType: "Constant",
    name: tensor.name,
    output: [tensor.name],
    attribute: [
      create(onnx.AttributeProtoSchema, {
        name: "value",
        type: onnx.AttributeProto_AttributeType.TENSOR,
        t: tensor,
      }),
    ],
  });
