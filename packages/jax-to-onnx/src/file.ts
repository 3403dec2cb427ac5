import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { UsageError } from "./errors.js";
import { type AttributeValue, type GraphModel, type TensorInfo, typeCodes } from "./model.js";
import { forOpset, OLDEST_OPSET } from "./older-opsets.js";

/** Opset 20 is the newest that all runtimes of recent years support. */
export const OPSET = 20;

/** The versions of the format that belong to the opsets that graphs are written for, from the oldest on. */
const formats = [4n, 5n, 6n, 7n, 7n, 7n, 8n, 8n, 8n, 8n, 9n, 9n, 10n, 10n, 11n];

/** Most bytes of a file, which is one message of Protocol Buffers. */
const MOST_BYTES = 2 ** 31 - 1;
/** Constants in a second file begin at multiples of this, so that a runtime can map them. */
const ALIGNMENT = 4096;
const SMALL = 1024;

/** A second file for the numbers of large constants. */
export type ExternalData = Readonly<{
  /** Name of the second file, relative to the first. */
  location: string;
  /** Takes the bytes of the second file, piece by piece in order. */
  write(bytes: Uint8Array): void;
  /** Constants of fewer bytes stay in the first file. Default 1024. */
  atLeast?: number;
}>;

export type FileOptions = Readonly<{
  /** Version of the operators, 9 to 23. Default 20. */
  opset?: number | undefined;
  externalData?: ExternalData | undefined;
}>;

export function toModelProto(
  given: GraphModel,
  { opset = OPSET, externalData }: FileOptions = {},
): onnx.ModelProto {
  const irVersion = formats[opset - OLDEST_OPSET];
  if (irVersion === undefined)
    throw new UsageError(
      `opset ${opset}: expected one of ${formats.map((_, i) => OLDEST_OPSET + i).join(", ")}`,
    );
  const graph = forOpset(given, opset);
  const place = externalData ? externally(externalData) : undefined;
  const domains = new Set(graph.nodes.map((node) => node.domain).filter((d) => d !== ""));
  return create(onnx.ModelProtoSchema, {
    irVersion,
    producerName: "jax-to-onnx",
    metadataProps: texts(graph.metadata ?? {}),
    opsetImport: [
      { domain: "", version: BigInt(opset) },
      ...[...domains].map((domain) => ({ domain, version: 1n })),
    ],
    graph: {
      name: graph.name,
      input: [
        ...graph.inputs.map((info) => valueInfo(info, typeCodes[info.type])),
        ...(graph.textInputs ?? []).map((info) => valueInfo(info, onnx.TensorProto_DataType.STRING)),
      ],
      output: graph.outputs.map((info) => valueInfo(info, typeCodes[info.type])),
      node: graph.nodes.map(({ op, domain, inputs, outputs, attributes }) => ({
        opType: op,
        domain,
        name: outputs[0],
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value) })),
      })),
      initializer: [
        ...graph.constants.map(({ name, shape, type, data }) => {
          const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
          const held = place?.(bytes) ?? { rawData: bytes };
          return { name, dims: shape.map(BigInt), dataType: typeCodes[type], ...held };
        }),
        ...(graph.texts ?? []).map(({ name, shape, values }) => ({
          name,
          dims: shape.map(BigInt),
          dataType: onnx.TensorProto_DataType.STRING,
          stringData: values.map((value) => new TextEncoder().encode(value)),
        })),
      ],
    },
  });
}

/**
 * The bytes of an ONNX file.
 *
 * @throws UsageError if its constants are too large for one file, or for an opset that graphs are not written for
 */
export function toBytes(graph: GraphModel, options: FileOptions = {}): Uint8Array {
  const { atLeast = SMALL } = options.externalData ?? { atLeast: Number.POSITIVE_INFINITY };
  const bytes = graph.constants.reduce(
    (sum, { data: { byteLength } }) => sum + (byteLength < atLeast ? byteLength : 0),
    0,
  );
  if (bytes > MOST_BYTES)
    throw new UsageError(
      `${graph.name}: constants of ${bytes} bytes do not fit into one file of ${MOST_BYTES}; write them to a second one with externalData`,
    );
  return toBinary(onnx.ModelProtoSchema, toModelProto(graph, options));
}

/** Writes large constants to the second file; the fields of a message that say where. */
function externally({ location, write, atLeast = SMALL }: ExternalData) {
  let end = 0;
  return (bytes: Uint8Array) => {
    if (bytes.byteLength < atLeast) return undefined;
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    if (offset > end) write(new Uint8Array(offset - end));
    write(bytes);
    end = offset + bytes.byteLength;
    const fields = { location, offset: String(offset), length: String(bytes.byteLength) };
    return { dataLocation: onnx.TensorProto_DataLocation.EXTERNAL, externalData: texts(fields) };
  };
}

const texts = (entries: { readonly [key: string]: string }) =>
  Object.entries(entries).map(([key, value]) => ({ key, value }));

function valueInfo({ name, shape }: Pick<TensorInfo, "name" | "shape">, elemType: number) {
  const dim = shape.map((n) => ({
    value:
      typeof n === "string"
        ? ({ case: "dimParam", value: n } as const)
        : ({ case: "dimValue", value: BigInt(n) } as const),
  }));
  return { name, type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } as const } };
}

function attribute(value: AttributeValue) {
  const type = onnx.AttributeProto_AttributeType;
  if (typeof value === "number") return { type: type.INT, i: BigInt(value) };
  if (typeof value === "string") return { type: type.STRING, s: new TextEncoder().encode(value) };
  return "float" in value
    ? { type: type.FLOAT, f: value.float }
    : { type: type.INTS, ints: value.map(BigInt) };
}
