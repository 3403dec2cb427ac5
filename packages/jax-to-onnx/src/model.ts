import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";

export type ElementType = "float32" | "float64" | "int32" | "int64" | "uint32" | "bool";

/** An attribute: a number is an int, `{ float }` a float; strings and lists of ints are unchanged. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

export type GraphNode = Readonly<{
  op: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, AttributeValue>>;
}>;

/** Operators whose result shares the memory of their input. */
const views: ReadonlySet<string> = new Set(["Reshape", "Flatten"]);

export const isView = (node: GraphNode): boolean => views.has(node.op);

/** A size, or the name of a dynamic size. */
export type Dimension = number | string;

/** An input or a result of a graph. */
export type TensorInfo = Readonly<{ name: string; type: ElementType; shape: readonly Dimension[] }>;

export type Initializer = Readonly<{
  name: string;
  type: ElementType;
  shape: readonly number[];
  data: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | BigInt64Array;
}>;

/** A constant of texts. */
export type TextConstant = Readonly<{ name: string; shape: readonly number[]; values: readonly string[] }>;

/** An ONNX graph as plain data. */
export type GraphModel = Readonly<{
  name: string;
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  nodes: readonly GraphNode[];
  constants: readonly Initializer[];
  /** Inputs and constants of texts. */
  textInputs?: readonly Omit<TensorInfo, "type">[];
  texts?: readonly TextConstant[];
  /** Documentation for readers of the file. */
  metadata?: { readonly [name: string]: string };
}>;

/** A graph with the values of some of its inputs built in. */
export function withConstants<G extends GraphModel>(
  graph: G,
  values: ReadonlyMap<string, Pick<Initializer, "shape" | "data">>,
): G {
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const built = graph.inputs.flatMap(({ name, type }): Initializer[] => {
    const value = used.has(name) ? values.get(name) : undefined;
    return value ? [{ name, type, shape: value.shape, data: value.data }] : [];
  });
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !values.has(name)),
    constants: [...graph.constants, ...built],
  };
}

/** Opset 20 is the newest that all runtimes of recent years support. */
export const OPSET = 20;
const IR_VERSION = 9n;

const elementTypes: Readonly<Record<ElementType, number>> = {
  float32: onnx.TensorProto_DataType.FLOAT,
  float64: onnx.TensorProto_DataType.DOUBLE,
  int32: onnx.TensorProto_DataType.INT32,
  int64: onnx.TensorProto_DataType.INT64,
  uint32: onnx.TensorProto_DataType.UINT32,
  bool: onnx.TensorProto_DataType.BOOL,
};

/** The ONNX message of a graph. */
export function toModelProto(graph: GraphModel): onnx.ModelProto {
  const domains = new Set(graph.nodes.map((node) => node.domain).filter((d) => d !== ""));
  return create(onnx.ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "jax-to-onnx",
    metadataProps: Object.entries(graph.metadata ?? {}).map(([key, value]) =>
      create(onnx.StringStringEntryProtoSchema, { key, value }),
    ),
    opsetImport: [
      create(onnx.OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET) }),
      ...[...domains].map((domain) => create(onnx.OperatorSetIdProtoSchema, { domain, version: 1n })),
    ],
    graph: create(onnx.GraphProtoSchema, {
      name: graph.name,
      input: [
        ...graph.inputs.map((info) => valueInfo(info, elementTypes[info.type])),
        ...(graph.textInputs ?? []).map((info) => valueInfo(info, onnx.TensorProto_DataType.STRING)),
      ],
      output: graph.outputs.map((info) => valueInfo(info, elementTypes[info.type])),
      node: graph.nodes.map((node) =>
        create(onnx.NodeProtoSchema, {
          opType: node.op,
          domain: node.domain,
          name: node.outputs[0] as string,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
        }),
      ),
      initializer: [
        ...graph.constants.map(({ name, shape, type, data }) =>
          create(onnx.TensorProtoSchema, {
            name,
            dims: shape.map(BigInt),
            dataType: elementTypes[type],
            rawData: bytesOf(data),
          }),
        ),
        ...(graph.texts ?? []).map(({ name, shape, values }) =>
          create(onnx.TensorProtoSchema, {
            name,
            dims: shape.map(BigInt),
            dataType: onnx.TensorProto_DataType.STRING,
            stringData: values.map((value) => new TextEncoder().encode(value)),
          }),
        ),
      ],
    }),
  });
}

/** The bytes of an ONNX file. */
export function toBytes(graph: GraphModel): Uint8Array {
  return toBinary(onnx.ModelProtoSchema, toModelProto(graph));
}

function bytesOf(data: Initializer["data"]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function valueInfo(
  { name, shape }: Pick<TensorInfo, "name" | "shape">,
  elemType: number,
): onnx.ValueInfoProto {
  const dim = shape.map((n) =>
    create(onnx.TensorShapeProto_DimensionSchema, {
      value: typeof n === "string" ? { case: "dimParam", value: n } : { case: "dimValue", value: BigInt(n) },
    }),
  );
  return create(onnx.ValueInfoProtoSchema, {
    name,
    type: create(onnx.TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(onnx.TypeProto_TensorSchema, {
          elemType,
          shape: create(onnx.TensorShapeProtoSchema, { dim }),
        }),
      },
    }),
  });
}

function attribute(name: string, value: AttributeValue): onnx.AttributeProto {
  const type = onnx.AttributeProto_AttributeType;
  if (typeof value === "number") {
    return create(onnx.AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    const s = new TextEncoder().encode(value);
    return create(onnx.AttributeProtoSchema, { name, type: type.STRING, s });
  }
  if ("float" in value) {
    return create(onnx.AttributeProtoSchema, { name, type: type.FLOAT, f: value.float });
  }
  return create(onnx.AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) });
}
