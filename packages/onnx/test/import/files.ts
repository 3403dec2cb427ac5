import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";

const Type = onnx.TensorProto_DataType;
const Kind = onnx.AttributeProto_AttributeType;

/** An attribute: a number is an int, `{ float }` a float, text, lists of ints, a tensor, a nested graph. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { floats: number[] }
  | { strings: string[] }
  | { graph: FileOptions }
  | onnx.TensorProto;
type NodeText = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: { readonly [name: string]: Attribute },
];
export type FileOptions = {
  input?: { name: string; shape: readonly (number | string)[]; type?: number }[];
  outputs?: readonly (string | { name: string; type: number })[];
  nodes: readonly NodeText[];
  constants?: { readonly [name: string]: onnx.TensorProto };
  opset?: number;
};

/** A float32 tensor. */
export const floats = (shape: readonly number[], values: readonly number[]): onnx.TensorProto =>
  create(onnx.TensorProtoSchema, {
    dims: shape.map(BigInt),
    dataType: Type.FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });

/** An int64 tensor with one axis. */
export const ints = (...values: (number | bigint)[]): onnx.TensorProto =>
  create(onnx.TensorProtoSchema, {
    dims: [BigInt(values.length)],
    dataType: Type.INT64,
    rawData: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
  });

/** Irregular numbers in (−1, 1), the same in every run. */
export function spread(shape: readonly number[], seed = 1): onnx.TensorProto {
  const size = shape.reduce((a, b) => a * b, 1);
  return floats(shape, irregular(size, seed));
}

export const irregular = (size: number, seed = 1): number[] =>
  Array.from({ length: size }, (_, i) => 2 * ((seed * 0.37 + (i + 1) * 0.6180339887) % 1) - 1);

function attribute(name: string, value: Attribute): onnx.AttributeProto {
  const of = (fields: Parameters<typeof create<typeof onnx.AttributeProtoSchema>>[1]) =>
    create(onnx.AttributeProtoSchema, { name, ...fields });
  if (typeof value === "number") return of({ type: Kind.INT, i: BigInt(value) });
  if (typeof value === "string") return of({ type: Kind.STRING, s: new TextEncoder().encode(value) });
  if (Array.isArray(value)) return of({ type: Kind.INTS, ints: value.map(BigInt) });
  if ("float" in value) return of({ type: Kind.FLOAT, f: value.float });
  if ("graph" in value) return of({ type: Kind.GRAPH, g: model(value.graph).graph! });
  if ("strings" in value)
    return of({ type: Kind.STRINGS, strings: value.strings.map((each) => new TextEncoder().encode(each)) });
  if ("floats" in value) return of({ type: Kind.FLOATS, floats: value.floats });
  return of({ type: Kind.TENSOR, t: value as onnx.TensorProto });
}

function info(name: string, type: number, shape?: readonly (number | string)[]): onnx.ValueInfoProto {
  const dim = (shape ?? []).map((n) =>
    create(onnx.TensorShapeProto_DimensionSchema, {
      value: typeof n === "string" ? { case: "dimParam", value: n } : { case: "dimValue", value: BigInt(n) },
    }),
  );
  const tensor = create(onnx.TypeProto_TensorSchema, {
    elemType: type,
    ...(shape && { shape: create(onnx.TensorShapeProtoSchema, { dim }) }),
  });
  return create(onnx.ValueInfoProtoSchema, {
    name,
    type: create(onnx.TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}

/** The message of a small ONNX file: data come in as `x`, the result is `y`. */
export function model({
  input = [{ name: "x", shape: ["N", 4] }],
  outputs = ["y"],
  nodes,
  constants = {},
  opset = 20,
}: FileOptions): onnx.ModelProto {
  return create(onnx.ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(onnx.OperatorSetIdProtoSchema, { version: BigInt(opset) })],
    graph: create(onnx.GraphProtoSchema, {
      name: "test",
      input: input.map(({ name, shape, type = Type.FLOAT }) => info(name, type, shape)),
      output: outputs.map((each) =>
        typeof each === "string" ? info(each, Type.FLOAT) : info(each.name, each.type),
      ),
      node: nodes.map(([opType, inputs, results, attributes = {}]) =>
        create(onnx.NodeProtoSchema, {
          opType,
          input: [...inputs],
          output: [...results],
          attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        }),
      ),
      initializer: Object.entries(constants).map(([name, tensor]) => ({ ...tensor, name })),
    }),
  });
}

export const bytesOf = (message: onnx.ModelProto): Uint8Array => toBinary(onnx.ModelProtoSchema, message);

export const file = (options: FileOptions): Uint8Array => bytesOf(model(options));

/** Two dense layers with a ReLU between, 4 → 3 → 2. */
export const twoLayers: FileOptions = {
  nodes: [
    ["Gemm", ["x", "w1", "b1"], ["h"], { transB: 1 }],
    ["Relu", ["h"], ["r"]],
    ["Gemm", ["r", "w2"], ["y"], { transB: 1 }],
  ],
  constants: { w1: spread([3, 4]), b1: spread([3], 2), w2: spread([2, 3], 3) },
};

type Constants = NonNullable<FileOptions["constants"]>;
type Shape = readonly (number | string)[];

/** A chain of nodes on x of this shape. */
export const chain = (shape: Shape, nodes: FileOptions["nodes"], constants: Constants = {}): FileOptions => ({
  input: [{ name: "x", shape }],
  nodes,
  constants,
});

/** One node with constants behind x. */
export const one = (
  op: string,
  shape: Shape,
  attributes: { readonly [name: string]: Attribute } = {},
  constants: Constants = {},
): FileOptions => chain(shape, [[op, ["x", ...Object.keys(constants)], ["y"], attributes]], constants);
