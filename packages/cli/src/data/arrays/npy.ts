import { DataError } from "@flowify/core";
import { FETCH_AGAIN } from "../../files/packed.js";
import { valueAt } from "../../places.js";
import { printable } from "../../ui/printable.js";
import { allocate } from "./allocate.js";

/** Type of the elements of an array: boolean, signed or unsigned integer, or float, and its bytes. */
type NpyType = Readonly<{
  kind: "b" | "i" | "u" | "f";
  bytes: number;
  bigEndian: boolean;
  text: string;
}>;

/** The content of a NumPy file: sizes of the axes, and the raw elements. */
export type NpyArray = Readonly<{
  sizes: readonly number[];
  type: NpyType;
  /** True for several axes in column-major order (the first axis varies fastest). */
  fortran: boolean;
  data: Uint8Array;
}>;

const MAGIC = "\x93NUMPY";
const NUMBERS = /^([|<>=]?)(b1|[iu][1248]|f[248])$/;
/** NumPy itself rejects longer headers of untrusted files. */
const LONGEST_HEADER = 65_536;

const field = (header: string, name: string, value: string): RegExpExecArray | null =>
  new RegExp(`['"]${name}['"]\\s*:\\s*${value}\\s*[,}]`).exec(header);

const inPython = (values: string): string => `in Python: numpy.save("data.npy", ${values})`;

/** The type of the elements from the descr in a header. */
function parseType(where: string, text: string): NpyType {
  const [, order, name] = NUMBERS.exec(text) ?? [];
  if (name !== undefined)
    return {
      kind: name[0] as NpyType["kind"],
      bytes: Number(name.slice(1)),
      bigEndian: order === ">",
      text,
    };
  if (text.includes("O"))
    throw new DataError(
      `${where}: holds Python objects (a pickle), which can run any program, so flowify never reads it\n${inPython('numpy.stack(list(x)).astype("uint8")')} for images, astype("float32") for rows of numbers`,
    );
  throw new DataError(
    `${where}: holds ${text}, expected integers or floats of at most 8 bytes\n${inPython('x.astype("float32")')}`,
  );
}

/** Sizes, type and order from the text of a header, a Python dictionary. */
function parseHeader(where: string, header: string): Omit<NpyArray, "data"> {
  const type = field(header, "descr", "(?:'([^']*)'|\"([^\"]*)\"|(\\[.*\\]))");
  const order = field(header, "fortran_order", "(True|False)");
  const shape = field(header, "shape", "\\(([\\d\\s,L]*)\\)");
  if (!type || !order || !shape)
    throw new DataError(
      `${where}: its header has no descr, fortran_order or shape: ${JSON.stringify(header.slice(0, 80))}`,
    );
  const elements = type[1] ?? type[2] ?? `records ${valueAt(type, 3).slice(0, 60)}`;
  const sizes = (valueAt(shape, 1).match(/\d+/g) ?? []).map(Number);
  return {
    sizes,
    type: parseType(where, printable(elements)),
    fortran: order[1] === "True" && sizes.length > 1,
  };
}

/** The header's content and its length in bytes. */
type Head = Readonly<{ array: Omit<NpyArray, "data">; bytes: number }>;

/** The header; undefined while bytes are missing. */
function parseHead(where: string, head: Buffer): Head | undefined {
  const begin = head.toString("latin1", 0, MAGIC.length);
  if (begin !== MAGIC.slice(0, begin.length))
    throw new DataError(
      `${where}: not a NumPy file: begins with ${head.toString("hex", 0, 6)}, expected 934e554d5059`,
    );
  if (head.length < 12) return undefined;
  const version = valueAt(head, 6);
  if (version < 1 || version > 3)
    throw new DataError(`${where}: version ${version} of NumPy's format, expected 1, 2 or 3`);
  const [text, length] = version === 1 ? [10, head.readUInt16LE(8)] : [12, head.readUInt32LE(8)];
  if (length > LONGEST_HEADER)
    throw new DataError(`${where}: a header of ${length} bytes, expected at most ${LONGEST_HEADER}`);
  if (head.length < text + length) return undefined;
  return {
    array: parseHeader(where, head.toString("latin1", text, text + length)),
    bytes: text + length,
  };
}

/**
 * Reads a NumPy file of `size` bytes from a stream of pieces. The sizes in the header must match the present bytes
 * before anything is allocated.
 *
 * @param where the file, for messages
 * @throws DataError with the file, what was found, what was expected, and the remedy
 */
export async function readNpy(
  where: string,
  pieces: AsyncIterable<Uint8Array>,
  size: number,
): Promise<NpyArray> {
  let begun: Buffer = Buffer.alloc(0);
  let head: Head | undefined;
  let data: Uint8Array | undefined;
  let at = 0;
  for await (const piece of pieces) {
    let rest = piece;
    if (head === undefined) {
      begun = Buffer.concat([begun, piece]);
      head = parseHead(where, begun);
      if (head === undefined) continue;
      data = allocate(where, expectElements(where, head, size));
      rest = begun.subarray(head.bytes);
    }
    if (data && at + rest.length <= data.length) data.set(rest, at);
    at += rest.length;
  }
  if (head === undefined || data === undefined) {
    const found = size === 0 ? "empty" : `cut short inside its header: ${begun.length} bytes`;
    throw new DataError(`${where}: ${found}, expected a NumPy file`);
  }
  if (at !== data.length)
    throw new DataError(
      `${where}: ${at} bytes of elements read, expected ${data.length}: the file changed while it was read`,
    );
  return { ...head.array, data };
}

/** The bytes of all elements, checked against the size of the file. */
function expectElements(where: string, { array: { sizes, type }, bytes }: Head, size: number): number {
  const shape = sizes.join(" × ");
  if (sizes.includes(0)) throw new DataError(`${where}: its header says ${shape}, so it holds no examples`);
  const elements = sizes.reduce((product, length) => product * length, type.bytes);
  if (bytes + elements !== size) {
    const verdict = bytes + elements > size ? "cut short, or a wrong header" : "trailing bytes";
    throw new DataError(
      `${where}: its header says ${shape}, which takes ${bytes + elements} bytes, but the file has ${size}: ${verdict}${FETCH_AGAIN}`,
    );
  }
  return elements;
}

/**
 * The elements of an array of unsigned bytes, row-major: pixels.
 *
 * @throws DataError for another type, with the conversion to bytes
 */
export function unsignedBytes(where: string, { sizes, type, fortran, data }: NpyArray): Uint8Array {
  const others = `; for sequences and other numbers a row an example, x.reshape(${sizes[0]}, -1)`;
  if (type.kind !== "u" || type.bytes !== 1)
    throw new DataError(
      `${where}: holds ${type.text}, expected unsigned bytes (|u1) for images${sizes.length > 2 ? ", or rows of numbers [rows, columns]" : ""}\nscale the values to 0..255 and save them, ${inPython('(255 * x).round().astype("uint8")')} for images of values in 0..1${sizes.length > 2 ? others : ""}`,
    );
  if (fortran)
    throw new DataError(
      `${where}: its elements are stored column by column (fortran_order), expected row by row\n${inPython("numpy.ascontiguousarray(x)")}`,
    );
  return data;
}

/** All elements as numbers, in the order of the file. */
export function elementsOf(array: Pick<NpyArray, "type" | "data">): Float64Array {
  const { length } = array.data;
  const at = elementAt(array);
  return Float64Array.from({ length: length / array.type.bytes }, (_, i) => at(i));
}

/** The number in a row and a column of an array of two axes. */
export function numberAt({ sizes, fortran, ...array }: NpyArray): (row: number, column: number) => number {
  const [count = 0, columns = 0] = sizes;
  const [rowStep, columnStep] = fortran ? [1, count] : [columns, 1];
  const at = elementAt(array);
  return (row, column) => at(row * rowStep + column * columnStep);
}

/** The element of a place; 8-byte integers are rounded. */
function elementAt({ type, data }: Pick<NpyArray, "type" | "data">): (place: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = elementReader(type);
  return (place) => read(view, place * type.bytes);
}

function elementReader({ kind, bytes, bigEndian }: NpyType): (view: DataView, at: number) => number {
  const little = !bigEndian;
  if (kind === "f")
    return bytes === 2
      ? (view, at) => halfFloat(view.getUint16(at, little))
      : bytes === 4
        ? (view, at) => view.getFloat32(at, little)
        : (view, at) => view.getFloat64(at, little);
  const signed = kind === "i";
  if (bytes === 8)
    return (view, at) => Number(signed ? view.getBigInt64(at, little) : view.getBigUint64(at, little));
  if (bytes === 4) return (view, at) => (signed ? view.getInt32(at, little) : view.getUint32(at, little));
  if (bytes === 2) return (view, at) => (signed ? view.getInt16(at, little) : view.getUint16(at, little));
  return (view, at) => (signed ? view.getInt8(at) : view.getUint8(at));
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of mantissa. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
