import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DeviceError } from "@flowify/core";
import { joined } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import * as onnx from "onnx-buf";
import type { Runtime } from "../installed-runtime.js";
import type { ConvertedNetwork } from "./convert.js";
import { fromHalves, halfOf } from "./elements.js";
import { neededFor } from "./graph.js";
import { type ExternalData, withoutFile } from "./tensor.js";

/** The numbers of an output, one example after another, and the sizes of one. */
export type Computed = Readonly<{ data: ArrayLike<unknown>; shape: readonly number[] }>;

/** The network of an ONNX file as ONNX Runtime computes it. */
export type OriginalNetwork = Readonly<{
  /** True for a file that takes numbers of 16 bits, and rounds as these do. */
  isHalf: boolean;
  /**
   * Maps examples, one after another in the layout of the file, to the outputs that the converted network must
   * reproduce.
   */
  run(examples: Float32Array): Promise<Float32Array>;
  /**
   * All outputs by name, without those that have no row for each example.
   *
   * @param atOnce examples in a call, where the file takes any number
   */
  all(examples: Float32Array, atOnce: number): Promise<Readonly<Record<string, Computed>>>;
  dispose(): Promise<void>;
}>;

/**
 * A self-contained copy of the file of a converted network: the data are the only input without a value, the result of
 * the converted network is the only output, and all weights are inside.
 */
export function standaloneOnnx(
  bytes: Uint8Array,
  { input, output }: ConvertedNetwork,
  external?: ExternalData,
): Uint8Array {
  const model = fromBinary(onnx.ModelProtoSchema, bytes);
  const graph = model.graph as onnx.GraphProto;
  const held = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => name === input.name || held.has(name));
  for (const { name, type } of graph.input)
    if (name === input.name && type?.value.case === "tensorType")
      type.value.value.shape = create(onnx.TensorShapeProtoSchema, {
        dim: input.shape.map(dimension(input)),
      });
  graph.output = [create(onnx.ValueInfoProtoSchema, { name: output })];
  // Removes nodes that the network does not use, which were not checked: ONNX Runtime would compute their constants.
  graph.node = neededFor(output, graph.node, (node) => ({ inputs: readBy(node), outputs: node.output }));
  for (const tensor of graph.initializer) if (external) bringIn(tensor, external);
  return toBinary(onnx.ModelProtoSchema, model);
}

/** Inputs of a node, and values that its nested graphs may read from this one. */
export const readBy = ({ input, attribute }: onnx.NodeProto): string[] => [
  ...input,
  ...attribute.flatMap(({ g, graphs }) =>
    [...(g ? [g] : []), ...graphs].flatMap(({ node }) => node.flatMap(readBy)),
  ),
];

/** A size of the input; that of the batch is a name if any size is allowed. */
const dimension =
  ({ batch }: ConvertedNetwork["input"]) =>
  (size: number, axis: number): onnx.TensorShapeProto_Dimension =>
    create(onnx.TensorShapeProto_DimensionSchema, {
      value:
        axis === 0 && batch === "any"
          ? { case: "dimParam", value: "N" }
          : { case: "dimValue", value: BigInt(size) },
    });

/**
 * Opens the result of `standaloneOnnx`, or another file, in ONNX Runtime.
 *
 * @param named the input of the examples; others get zeros. Default: the first
 * @param example its sizes without the batch, where the file leaves them open
 * @throws DeviceError if ONNX Runtime rejects the file, or its input has no floating point numbers
 */
export async function openOriginal(
  { InferenceSession, Tensor }: Runtime,
  bytes: Uint8Array,
  { input: named, example: chosen }: Readonly<{ input?: string; example?: readonly number[] }> = {},
): Promise<OriginalNetwork> {
  const { graph } = fromBinary(onnx.ModelProtoSchema, bytes);
  const held = new Set(graph?.initializer.map(({ name }) => name));
  const inputs = graph?.input.filter(({ name }) => !held.has(name)) ?? [];
  const input = inputs.find(({ name }) => named === undefined || name === named);
  const kind = input && kindOf(input);
  if (!input || !kind)
    throw new DeviceError("this file expects inputs of another type than floating point numbers");
  const dims = sizesOf(input);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 }).catch((cause: unknown) => {
    throw new DeviceError(`ONNX Runtime rejects the file: ${inOneLine(cause)}\n${CURE}`, { cause });
  });
  /** Zeros for the other inputs, a row for each example where the batch is open. */
  const zeros = (rows: number) =>
    inputs.flatMap((each) => {
      const shape = sizesOf(each).map((size) => size ?? rows);
      const own = kindOf(each);
      return each === input || !own ? [] : [[each.name, own(Tensor, new Float32Array(sizeOf(shape)), shape)]];
    });
  // without a batch axis, or with one of fixed size, the file takes this many at once
  const alone = dims.length === 1;
  const fixed = alone ? 1 : dims[0];
  const example = chosen ?? ((alone ? dims : dims.slice(1)) as number[]);
  const size = sizeOf(example);
  /** The outputs for examples, in chunks of this size: all, or those alone that have a row for each example. */
  const inParts = async (
    examples: Float32Array,
    atOnce: number,
    onlyRows: boolean,
  ): Promise<Record<string, Computed>> => {
    const found: Record<string, { parts: Numbers[]; shape: readonly number[] }> = {};
    const count = examples.length / size;
    for (let begin = 0; begin < count; begin += atOnce) {
      const some = Math.min(atOnce, count - begin);
      const rows = fixed ?? some;
      const filled = new Float32Array(rows * size); // zeros after the last example
      filled.set(examples.subarray(begin * size, (begin + some) * size));
      const tensor = kind(Tensor, filled, alone ? example : [rows, ...example]);
      const outputs = await session
        .run({ ...Object.fromEntries(zeros(rows)), [input.name]: tensor })
        .catch((cause: unknown) => {
          throw new DeviceError(`ONNX Runtime cannot run the file: ${inOneLine(cause)}\n${CURE}`, { cause });
        });
      for (const [name, { data: own, type, dims: sizes }] of Object.entries(outputs)) {
        const data = type === "float16" ? fromHalves(own as Uint16Array) : own;
        const shape = alone ? sizes : sizes.slice(1);
        found[name] ??= { parts: [], shape };
        const isRows = (alone || sizes[0] === rows) && shape.join() === found[name].shape.join();
        if ((isRows && data.length % rows === 0) || !onlyRows)
          found[name].parts.push((data as Numbers).slice(0, (data.length / rows) * some));
      }
    }
    const full = Object.entries(found).filter(([, { parts }]) => parts.length === Math.ceil(count / atOnce));
    return Object.fromEntries(
      full.map(([name, { parts, shape }]) => [name, { data: together(parts), shape }]),
    );
  };
  const first = async (examples: Float32Array, atOnce: number): Promise<Float32Array> => {
    const [output] = Object.values(await inParts(examples, atOnce, false));
    const data = output?.data as Float32Array;
    return data instanceof Float32Array ? data : Float32Array.from(data);
  };
  return {
    isHalf: kind === kinds[Type.FLOAT16],
    async run(examples) {
      if (fixed !== undefined) return first(examples, fixed);
      try {
        return await first(examples, examples.length / size);
      } catch {
        // a file may leave the batch open and still be valid only for one example
        return first(examples, 1);
      }
    },
    all: (examples, atOnce) => inParts(examples, fixed ?? atOnce, true),
    dispose: () => session.release(),
  };
}

/** Numbers of a type as ONNX Runtime takes them. */
type Made = (
  Tensor: Runtime["Tensor"],
  data: Float32Array,
  shape: readonly number[],
) => InstanceType<Runtime["Tensor"]>;

const Type = onnx.TensorProto_DataType;

const kinds: { readonly [code: number]: Made } = {
  [Type.FLOAT]: (Tensor, data, shape) => new Tensor("float32", data, shape),
  [Type.DOUBLE]: (Tensor, data, shape) => new Tensor("float64", Float64Array.from(data), shape),
  [Type.FLOAT16]: (Tensor, data, shape) => new Tensor("float16", Uint16Array.from(data, halfOf), shape),
};

/** The type of an input, if it can be fed. */
const kindOf = ({ type }: onnx.ValueInfoProto): Made | undefined =>
  type?.value.case === "tensorType" ? kinds[type.value.value.elemType] : undefined;

/** True for a type of numbers that an input takes. */
export const canBeFed = (type: number): boolean => kinds[type] !== undefined;

const CURE = "export the network again, or install another onnxruntime-node";
/** Names of the file in it may have line breaks, and further lines are hints. */
const inOneLine = (cause: unknown): string =>
  String(cause)
    .replace(/\s+/g, " ")
    .replace(/^Error: /, "");

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | string[];

/** The sizes of an input; undefined where they are open. */
const sizesOf = ({ type }: onnx.ValueInfoProto): (number | undefined)[] =>
  (type?.value.case === "tensorType" ? (type.value.value.shape?.dim ?? []) : []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : undefined,
  );

/** Embeds external numbers in the file. Errors: `DataError` where they are missing. */
export function bringIn(tensor: onnx.TensorProto, external: ExternalData): void {
  if (tensor.dataLocation !== onnx.TensorProto_DataLocation.EXTERNAL) return;
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  const file = external(location) ?? withoutFile(`initializer ${JSON.stringify(tensor.name)}`, location);
  const offset = Number(entries.get("offset") ?? 0);
  const length = Number(entries.get("length") ?? file.length - offset);
  tensor.rawData = Uint8Array.from(file.subarray(offset, offset + length));
  tensor.dataLocation = onnx.TensorProto_DataLocation.DEFAULT;
  tensor.externalData = [];
}

function together(parts: readonly Numbers[]): ArrayLike<unknown> {
  const [first] = parts;
  if (first === undefined || Array.isArray(first)) return parts.flatMap((part) => part as string[]);
  return joined(parts as readonly Float32Array[], first.constructor as Float32ArrayConstructor);
}
