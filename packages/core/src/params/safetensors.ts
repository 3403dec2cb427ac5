import { type DType, numpy as np } from "@jax-js/jax";
import * as v from "valibot";
import { CheckpointError, ShapeError, UsageError } from "../errors.js";
import { showValue } from "../near-name.js";
import * as o from "../options.js";
import { type Shape, sizeOf } from "../shape.js";
import { HostArray, type HostData } from "./host-array.js";

/** Named arrays and their metadata. */
export type SafetensorsFile = Readonly<{
  tensors: { readonly [name: string]: HostArray };
  metadata: { readonly [name: string]: string };
}>;

/** An element type of the format; data are little-endian, as on every machine that jax-js runs on. */
type Codec = Readonly<{
  exampleSize: number;
  /** The type after reading: types that jax-js lacks are widened to int32. */
  dtype: DType;
  read(bytes: ArrayBuffer): HostData | undefined;
}>;

const codecs = {
  F64: { exampleSize: 8, dtype: np.float64, read: (bytes) => new Float64Array(bytes) },
  F32: { exampleSize: 4, dtype: np.float32, read: (bytes) => new Float32Array(bytes) },
  I64: { exampleSize: 8, dtype: np.int32, read: narrow },
  I32: { exampleSize: 4, dtype: np.int32, read: (bytes) => new Int32Array(bytes) },
  U32: { exampleSize: 4, dtype: np.uint32, read: (bytes) => new Uint32Array(bytes) },
  U8: { exampleSize: 1, dtype: np.int32, read: (bytes) => Int32Array.from(new Uint8Array(bytes)) },
  BOOL: { exampleSize: 1, dtype: np.bool, read: bits },
} as const satisfies { readonly [name: string]: Codec };

type TypeName = keyof typeof codecs;

/** Element types for writing, and their typed arrays. */
const written: { readonly [dtype in DType]?: readonly [TypeName, new (n: number) => HostData] } = {
  [np.float64]: ["F64", Float64Array],
  [np.float32]: ["F32", Float32Array],
  [np.int32]: ["I32", Int32Array],
  [np.uint32]: ["U32", Uint32Array],
  [np.bool]: ["BOOL", Uint8Array],
};

/** 64-bit integers as 32-bit ones, if they fit. */
function narrow(bytes: ArrayBuffer): Int32Array | undefined {
  const wide = new BigInt64Array(bytes);
  const narrowed = Int32Array.from(wide, Number);
  return wide.every((value, i) => value === BigInt(narrowed[i]!)) ? narrowed : undefined;
}

function bits(bytes: ArrayBuffer): Uint8Array | undefined {
  const values = new Uint8Array(bytes);
  return values.every((value) => value <= 1) ? values : undefined;
}

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The format's own limit: a longer header is an attack or a file of another kind. */
const MAX_HEADER_BYTES = 100_000_000;

const elements = (shape: Shape): number => sizeOf(shape);

type Written = Readonly<{ name: string; type: TypeName; shape: Shape; data: HostData }>;

function prepare(name: string, { data, shape, dtype }: HostArray): Written {
  if (name === METADATA || name.includes("__proto__"))
    throw new ShapeError(`safetensors: ${JSON.stringify(name)} cannot be the name of an array`);
  const [type, holder] = written[dtype] ?? [];
  if (!type || !holder) throw new ShapeError(`safetensors: ${name}: ${dtype} cannot be written`);
  if (!(data instanceof holder))
    throw new ShapeError(`safetensors: ${name}: data of ${data.constructor.name} given as ${dtype}`);
  if (data.length !== elements(shape))
    throw new ShapeError(
      `safetensors: ${name}: shape [${shape.join(", ")}] needs ${elements(shape)} elements, got ${data.length}`,
    );
  return { name, type, shape, data };
}

const schemas = {
  tensors: v.record(v.string(), o.record),
  metadata: v.record(v.string(), v.string(), 'expected texts by name, such as { network: "a spline" }'),
};
const byName = (a: string, b: string): number => (a < b ? -1 : 1);

/**
 * Writes named arrays as safetensors: 8 bytes of header length, a JSON header padded with spaces to
 * a multiple of 8, the data. Arrays are sorted by element size (largest first) and then by name, so that each is
 * aligned and equal content has equal bytes, in any order of the arguments.
 *
 * @param metadata strings kept in the header under `__metadata__`
 * @throws ShapeError if an array's data do not fit its shape or type
 *
 * @example
 * ```ts
 * import { encodeSafetensors, FlowModel, flow, jaxExecutor } from "@flowify/core";
 * import { rqSpline } from "@flowify/core/layers";
 *
 * const model = await FlowModel.create(flow([rqSpline([2])]), jaxExecutor());
 * const bytes = encodeSafetensors(model.arrays(), { network: "a spline" });
 * console.log(bytes.length > 100);
 * await model.dispose();
 * // true
 * ```
 */
export function encodeSafetensors(
  tensors: { readonly [name: string]: HostArray },
  metadata: { readonly [name: string]: string } = {},
): Uint8Array<ArrayBuffer> {
  o.checkOptions("encodeSafetensors", schemas, { tensors, metadata }, ["tensors"]);
  const ordered = Object.entries(tensors)
    .map(([name, array]) => prepare(name, array))
    .sort((a, b) => codecs[b.type].exampleSize - codecs[a.type].exampleSize || byName(a.name, b.name));
  const fields: [string, unknown][] = [];
  const facts = Object.entries(metadata).sort(([a], [b]) => byName(a, b));
  if (facts.length > 0) fields.push([METADATA, Object.fromEntries(facts)]);
  let end = 0;
  for (const { name, type, shape, data } of ordered) {
    const begin = end;
    end += data.byteLength;
    fields.push([name, { dtype: type, shape, data_offsets: [begin, end] }]);
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerBytes;
  for (const { data } of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

const fail = (message: string): never => {
  throw new CheckpointError(`safetensors: ${message}`);
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; initFromData: number } {
  if (bytes.length < LENGTH_BYTES) {
    return fail(`${bytes.length} bytes, too short to hold the length of a header (8 bytes)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const rest = bytes.length - LENGTH_BYTES;
  if (length > BigInt(Math.min(rest, MAX_HEADER_BYTES))) {
    return fail(`the header claims ${length} bytes, but ${rest} follow: cut short, or not safetensors`);
  }
  const initFromData = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    header = JSON.parse(decoder.decode(bytes.subarray(LENGTH_BYTES, initFromData)));
  } catch {
    return fail("the header is not JSON: damaged, or not safetensors");
  }
  return isRecord(header) ? { header, initFromData } : fail("the header is not a JSON object");
}

function readMetadata(value: unknown): SafetensorsFile["metadata"] {
  if (!isRecord(value)) return fail(`${METADATA} is not an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (key === "__proto__") return fail(`${METADATA}: the key "__proto__" is not allowed`);
    if (typeof text !== "string") return fail(`${METADATA}: ${JSON.stringify(key)} is not a string`);
  }
  return value as SafetensorsFile["metadata"];
}

type Placed = { name: string; type: TypeName; shape: Shape; begin: number; end: number };

/** A name in messages, on one line. */
const shown = (name: string): string => JSON.stringify(name).slice(1, -1);

function readPlace(name: string, value: unknown): Placed {
  // Names become paths of plain objects; this one would change the prototype of all of them.
  if (name.includes("__proto__")) return fail(`the array name ${JSON.stringify(name)} is not allowed`);
  if (!isRecord(value)) return fail(`${shown(name)}: its entry in the header is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(codecs, dtype)) {
    return fail(
      `${shown(name)}: dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(codecs).join(", ")}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return fail(`${shown(name)}: shape ${JSON.stringify(shape)} is not a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`${shown(name)}: data_offsets ${JSON.stringify(offsets)} are not two offsets`);
  }
  const [begin = 0, end = 0] = offsets;
  const size = elements(shape) * codecs[dtype as TypeName].exampleSize;
  if (end - begin !== size) {
    return fail(
      `${shown(name)}: ${dtype} [${shape.join(", ")}] takes ${size} bytes, but data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  return { name, type: dtype as TypeName, shape, begin, end };
}

/**
 * Reads a safetensors file and validates everything in it: the arrays must tile the data without gaps or overlaps, and
 * no allocation exceeds the size of the file. Arrays are copies.
 *
 * @throws CheckpointError that describes the problem
 *
 * @example
 * ```ts
 * import { decodeSafetensors, FlowModel, flow, jaxExecutor } from "@flowify/core";
 * import { rqSpline } from "@flowify/core/layers";
 *
 * const model = await FlowModel.create(flow([rqSpline([2])]), jaxExecutor());
 * const { tensors, metadata } = decodeSafetensors(model.save({ network: "a spline" }));
 * console.log(Object.keys(tensors).length, metadata.network);
 * await model.dispose();
 * // 3 a spline
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (!(bytes instanceof Uint8Array))
    throw new UsageError(
      `safetensors: expected the bytes of a file, a Uint8Array, found ${showValue(bytes)}`,
    );
  const { header, initFromData } = readHeader(bytes);
  const places: Placed[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA) places.push(readPlace(name, value));
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const available = bytes.length - initFromData;
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (end > available) {
      return fail(
        `${shown(name)}: data_offsets [${begin}, ${end}] reach past the ${available} bytes of data: cut short`,
      );
    }
    if (begin !== covered) {
      return fail(
        `${shown(name)}: begins at byte ${begin} of the data, expected ${covered}: a gap or an overlap`,
      );
    }
    covered = end;
  }
  if (covered !== available) {
    return fail(`${available - covered} bytes follow the last array`);
  }
  const tensors: { [name: string]: HostArray } = {};
  for (const { name, type, shape, begin, end } of places) {
    // Not `bytes.slice`: on a Node Buffer that is a view, whose `.buffer` may hold other files.
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(initFromData + begin, initFromData + end));
    const data = codecs[type].read(copy.buffer);
    if (!data)
      return fail(
        `${shown(name)}: holds a ${type} that is not ${type === "BOOL" ? "0 or 1" : "within 32 bits"}`,
      );
    tensors[name] = new HostArray(data, shape, codecs[type].dtype);
  }
  const metadata = Object.hasOwn(header, METADATA) ? readMetadata(header[METADATA]) : {};
  return { tensors, metadata };
}
