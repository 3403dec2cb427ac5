import { DataError, DomainError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import * as onnx from "onnx-buf";
import { type Element, type Entries, elementOf, typeName } from "./elements.js";

/** A constant of a file, with its exact entries in row-major order. */
export type Constant = Readonly<{ shape: readonly number[]; element: Element; data: Entries }>;

/** A constant for rules: integers and booleans are also numbers. */
export type Tensor = Readonly<{
  shape: readonly number[];
  type: Element["kind"];
  data: Float32Array | Float64Array;
}>;

/** Converts a constant for rules: 64-bit integers are rounded to 53 digits. */
export const numbersOf = ({ shape, element, data }: Constant): Tensor => ({
  shape,
  type: element.kind,
  data: data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data, Number),
});

/** Bytes of a file next to the model, by its location in the model; undefined if missing. */
export type ExternalData = (location: string) => Uint8Array | undefined;

/** The largest number of entries of one tensor: 2 GiB of float32. */
const MOST_ENTRIES = 2 ** 29;

/** A constant of a supported type. */
const made = (type: number, shape: readonly number[], entries: readonly (number | bigint)[]): Constant => {
  const element = elementOf(type) as Element;
  const data = element.room(entries.length);
  entries.forEach((value, i) => {
    put(data, i, element.hold(value));
  });
  return { shape, element, data };
};

const Type = onnx.TensorProto_DataType;

export const floats = (values: readonly number[], shape: readonly number[] = [values.length]): Constant =>
  made(Type.FLOAT, shape, values);

/** int64 */
export const integers = (
  values: readonly (number | bigint)[],
  shape: readonly number[] = [values.length],
): Constant => made(Type.INT64, shape, values.map(BigInt));

/** Writes an entry from `element.hold`. */
export function put(data: Entries, i: number, value: number | bigint): void {
  (data as { [i: number]: number | bigint })[i] = value;
}

/**
 * The numbers of a tensor.
 *
 * @param what its name in messages: `initializer "fc1.weight"`
 * @throws DataError if shape and bytes do not match, or the type or location is not supported; DomainError for NaN and
 * Infinity
 */
export function readTensor(proto: onnx.TensorProto, what: string, external?: ExternalData): Constant {
  const shape = proto.dims.map(Number);
  const count = sizeOf(shape);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0) || count > MOST_ENTRIES)
    throw new DataError(
      `${what}: the shape [${shape.join(", ")}] is not the shape of a tensor\nexport the file again`,
    );
  const element = elementOf(proto.dataType);
  if (!element || proto.segment)
    throw new DataError(
      `${what}: ${proto.segment ? "segments" : `numbers of type ${typeName(proto.dataType)}`} are not supported\nexport the file with weights of float32`,
    );
  const outside = proto.dataLocation === onnx.TensorProto_DataLocation.EXTERNAL;
  const bytes = outside ? externalBytes(proto, what, count * element.bytes, external) : proto.rawData;
  const field = outside || bytes.length > 0 ? undefined : element.field(proto);
  const found = field ? field.length : bytes.length / element.bytes;
  if (found !== count)
    throw new DataError(
      `${what}: the shape [${shape.join(", ")}] has ${count} entries, the file holds ${found}\nexport the file again`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = element.room(count);
  for (let i = 0; i < count; i++)
    put(data, i, field ? element.hold(field[i] ?? 0) : element.read(view, i * element.bytes));
  // a bound may be infinite, or what takes the place of masked numbers
  const isWrong = count === 1 ? Number.isNaN : (value: number) => !Number.isFinite(value);
  const wrong = element.kind === "float" ? data.findIndex((value) => isWrong(Number(value))) : -1;
  if (wrong >= 0)
    throw new DomainError(`${what}: entry ${wrong} is ${data[wrong]}: weights must be finite numbers`);
  return { shape, element, data };
}

/** @throws DataError that names a file of weights which is missing */
export function withoutFile(what: string, location: string): never {
  throw new DataError(
    `${what}: its numbers are in the file ${JSON.stringify(location)}, which is missing\nput it next to the ONNX file`,
  );
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
  const file = external?.(location) ?? withoutFile(what, location);
  const offset = Number(entries.get("offset") ?? 0);
  const length = Number(entries.get("length") ?? needed);
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== needed || offset + length > file.length)
    throw new DataError(
      `${what}: needs ${needed} bytes, the model sets ${length} at ${offset} of the ${file.length} in ${JSON.stringify(location)}\nexport the file again, with its data`,
    );
  return file.subarray(offset, offset + length);
}
