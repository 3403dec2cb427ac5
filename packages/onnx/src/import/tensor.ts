import { DataError, DomainError } from "@flowify/core";
import * as onnx from "onnx-buf";

/** A constant of a file: numbers in row-major order. Integers and booleans are numbers as well. */
export type Tensor = Readonly<{
  shape: readonly number[];
  type: "float" | "int" | "bool";
  data: Float32Array | Float64Array;
}>;

/** Bytes of a file beside the model, by the location that the model gives; undefined where there is none. */
export type ExternalData = (location: string) => Uint8Array | undefined;

/** The largest number of entries of one tensor: 2 GiB of float32. */
const MOST_ENTRIES = 2 ** 29;

export const entriesOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const floats = (data: Float32Array | Float64Array, shape: readonly number[]): Tensor => ({
  shape,
  type: "float",
  data,
});

export const integers = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
  shape,
  type: "int",
  data: Float64Array.from(values),
});

type Element = Readonly<{
  bytes: number;
  type: Tensor["type"];
  /** Entry i of raw bytes. */
  read(view: DataView, offset: number): number;
  /** Entries that are not raw bytes, where the field holds this type. */
  field(tensor: onnx.TensorProto): readonly (number | bigint)[];
}>;

/** The number of 16 bits, as IEEE 754 has it. */
export const float16 = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const bfloat16 = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
};

const Type = onnx.TensorProto_DataType;

/** Types of small integers share the field int32_data. */
const small = (bytes: number, read: Element["read"], type: Tensor["type"] = "int"): Element => ({
  bytes,
  type,
  read,
  field: (t) => t.int32Data,
});

const halves = (decode: (bits: number) => number): Element => ({
  bytes: 2,
  type: "float",
  read: (v, at) => decode(v.getUint16(at, true)),
  field: (t) => t.int32Data.map(decode),
});

const elements: { readonly [type: number]: Element | undefined } = {
  [Type.FLOAT]: {
    bytes: 4,
    type: "float",
    read: (v, at) => v.getFloat32(at, true),
    field: (t) => t.floatData,
  },
  [Type.DOUBLE]: {
    bytes: 8,
    type: "float",
    read: (v, at) => v.getFloat64(at, true),
    field: (t) => t.doubleData,
  },
  [Type.FLOAT16]: halves(float16),
  [Type.BFLOAT16]: halves(bfloat16),
  [Type.INT64]: {
    bytes: 8,
    type: "int",
    read: (v, at) => Number(v.getBigInt64(at, true)),
    field: (t) => t.int64Data,
  },
  [Type.UINT64]: {
    bytes: 8,
    type: "int",
    read: (v, at) => Number(v.getBigUint64(at, true)),
    field: (t) => t.uint64Data,
  },
  [Type.UINT32]: {
    bytes: 4,
    type: "int",
    read: (v, at) => v.getUint32(at, true),
    field: (t) => t.uint64Data,
  },
  [Type.INT32]: small(4, (v, at) => v.getInt32(at, true)),
  [Type.INT16]: small(2, (v, at) => v.getInt16(at, true)),
  [Type.UINT16]: small(2, (v, at) => v.getUint16(at, true)),
  [Type.INT8]: small(1, (v, at) => v.getInt8(at)),
  [Type.UINT8]: small(1, (v, at) => v.getUint8(at)),
  [Type.BOOL]: small(1, (v, at) => v.getUint8(at), "bool"),
};

/** The name of an element type, `FLOAT8E5M2`, for messages. */
export const typeName = (type: number): string => Type[type] ?? `type ${type}`;

/** Whether numbers of this type flow through a network. */
export const isFloat = (type: number): boolean => elements[type]?.type === "float";

/**
 * The numbers of a tensor.
 *
 * @param what how messages call it: `initializer "fc1.weight"`
 * @throws DataError where the shape and the bytes do not fit, or the type or place is one that is not
 * read; DomainError for NaN and Infinity
 */
export function readTensor(proto: onnx.TensorProto, what: string, external?: ExternalData): Tensor {
  const shape = proto.dims.map(Number);
  const count = entriesOf(shape);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0) || count > MOST_ENTRIES)
    throw new DataError(
      `${what}: the shape [${shape.join(", ")}] is not one of a tensor\nexport the file again`,
    );
  const element = elements[proto.dataType];
  if (!element || proto.segment)
    throw new DataError(
      `${what}: ${proto.segment ? "segments" : `numbers of type ${typeName(proto.dataType)}`} are not read\nexport the file with weights of float32`,
    );
  const outside = proto.dataLocation === onnx.TensorProto_DataLocation.EXTERNAL;
  const bytes = outside ? externalBytes(proto, what, count * element.bytes, external) : proto.rawData;
  const data = proto.dataType === Type.FLOAT ? Float32Array : Float64Array;
  const field = outside || bytes.length > 0 ? undefined : element.field(proto);
  const found = field ? field.length : bytes.length / element.bytes;
  if (found !== count)
    throw new DataError(
      `${what}: the shape [${shape.join(", ")}] has ${count} entries, the file holds ${found}\nexport the file again`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new data(count);
  for (let i = 0; i < count; i++)
    values[i] = field ? Number(field[i]) : element.read(view, i * element.bytes);
  const wrong = element.type === "float" ? values.findIndex((value) => !Number.isFinite(value)) : -1;
  if (wrong >= 0)
    throw new DomainError(`${what}: entry ${wrong} is ${values[wrong]}: weights must be finite numbers`);
  return { shape, type: element.type, data: values };
}

/** The part of another file that holds the numbers. */
function externalBytes(
  proto: onnx.TensorProto,
  what: string,
  needed: number,
  external?: ExternalData,
): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  const file = external?.(location);
  if (!file)
    throw new DataError(
      `${what}: its numbers are in the file ${JSON.stringify(location)}, which is not there\nput it beside the ONNX file`,
    );
  const offset = Number(entries.get("offset") ?? 0);
  const length = Number(entries.get("length") ?? needed);
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== needed || offset + length > file.length)
    throw new DataError(
      `${what}: needs ${needed} bytes, the model names ${length} at ${offset} of the ${file.length} in ${JSON.stringify(location)}\nexport the file again, with its data`,
    );
  return file.subarray(offset, offset + length);
}
