import { CheckpointError, ShapeError } from "./errors.js";
import type { Shape } from "./layer.js";

/** The element types that are read and written; data are little-endian, as on every machine that jax-js runs on. */
export type SafetensorsDType = "F64" | "F32" | "I64" | "I32" | "U32" | "U8" | "BOOL";

export type SafetensorsData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint8Array;

/** One named array of a file, row-major. */
export type SafetensorsEntry = Readonly<{
  dtype: SafetensorsDType;
  shape: Shape;
  data: SafetensorsData;
}>;

export type SafetensorsFile = Readonly<{
  entries: ReadonlyMap<string, SafetensorsEntry>;
  metadata: ReadonlyMap<string, string>;
}>;

type Codec = Readonly<{
  itemSize: number;
  matches(data: SafetensorsData): boolean;
  read(bytes: ArrayBuffer): SafetensorsData;
}>;

const codecs: Readonly<Record<SafetensorsDType, Codec>> = {
  F64: {
    itemSize: 8,
    matches: (data) => data instanceof Float64Array,
    read: (bytes) => new Float64Array(bytes),
  },
  F32: {
    itemSize: 4,
    matches: (data) => data instanceof Float32Array,
    read: (bytes) => new Float32Array(bytes),
  },
  I64: {
    itemSize: 8,
    matches: (data) => data instanceof BigInt64Array,
    read: (bytes) => new BigInt64Array(bytes),
  },
  I32: {
    itemSize: 4,
    matches: (data) => data instanceof Int32Array,
    read: (bytes) => new Int32Array(bytes),
  },
  U32: {
    itemSize: 4,
    matches: (data) => data instanceof Uint32Array,
    read: (bytes) => new Uint32Array(bytes),
  },
  U8: {
    itemSize: 1,
    matches: (data) => data instanceof Uint8Array,
    read: (bytes) => new Uint8Array(bytes),
  },
  BOOL: {
    itemSize: 1,
    matches: (data) => data instanceof Uint8Array,
    read: (bytes) => new Uint8Array(bytes),
  },
};

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The format's own limit: a longer header is an attack or a file of another kind. */
const MAX_HEADER_BYTES = 100_000_000;

const elements = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/**
 * Writes named arrays as safetensors: 8 bytes of header length, a JSON header padded with spaces to
 * a multiple of 8, the data. Entries are ordered by element size (largest first) and then by name,
 * so that every array is aligned and equal content gives equal bytes, whatever the order of `entries`.
 *
 * @param metadata strings kept in the header under `__metadata__`
 * @throws ShapeError where an entry's data do not fit its shape or dtype
 */
export function encodeSafetensors(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const ordered = [...entries].sort(
    ([nameA, a], [nameB, b]) =>
      codecs[b.dtype].itemSize - codecs[a.dtype].itemSize || (nameA < nameB ? -1 : 1),
  );
  const fields: [string, unknown][] = [];
  if (metadata.size > 0) {
    fields.push([METADATA, Object.fromEntries([...metadata].sort(([a], [b]) => (a < b ? -1 : 1)))]);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === METADATA || name.includes("__proto__")) {
      throw new ShapeError(`safetensors: ${JSON.stringify(name)} cannot be the name of an array`);
    }
    if (!codecs[dtype].matches(data)) {
      throw new ShapeError(`safetensors: ${name}: data of ${data.constructor.name} given as ${dtype}`);
    }
    if (data.length !== elements(shape)) {
      throw new ShapeError(
        `safetensors: ${name}: shape [${shape.join(", ")}] needs ${elements(shape)} elements, got ${data.length}`,
      );
    }
    const begin = end;
    end += data.byteLength;
    fields.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of ordered) {
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

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    return fail(`${bytes.length} bytes, too short to hold the length of a header (8 bytes)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const rest = bytes.length - LENGTH_BYTES;
  if (length > BigInt(Math.min(rest, MAX_HEADER_BYTES))) {
    return fail(`the header claims ${length} bytes, but ${rest} follow: cut short, or not safetensors`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    header = JSON.parse(decoder.decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch {
    return fail("the header is not JSON: damaged, or not safetensors");
  }
  return isRecord(header) ? { header, dataStart } : fail("the header is not a JSON object");
}

function readMetadata(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (!isRecord(value)) return fail(`${METADATA} is not an object of strings`);
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") return fail(`${METADATA}: ${JSON.stringify(key)} is not a string`);
    metadata.set(key, text);
  }
  return metadata;
}

type Placed = { name: string; dtype: SafetensorsDType; shape: Shape; begin: number; end: number };

function readPlace(name: string, value: unknown): Placed {
  // Names become paths of plain objects; this one would reach the prototype of all of them.
  if (name.includes("__proto__")) return fail(`the array name ${JSON.stringify(name)} is not allowed`);
  if (!isRecord(value)) return fail(`${name}: its entry in the header is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(codecs, dtype)) {
    return fail(`${name}: dtype ${JSON.stringify(dtype)} is none of ${Object.keys(codecs).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return fail(`${name}: shape ${JSON.stringify(shape)} is not a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`${name}: data_offsets ${JSON.stringify(offsets)} are not two offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const size = elements(shape) * codecs[dtype as SafetensorsDType].itemSize;
  if (end - begin !== size) {
    return fail(
      `${name}: ${dtype} [${shape.join(", ")}] takes ${size} bytes, but data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  return { name, dtype: dtype as SafetensorsDType, shape, begin, end };
}

/**
 * Reads a safetensors file and trusts nothing in it: the arrays must tile the data without a gap or
 * an overlap, and no size is allocated that the file does not hold. Arrays are copies.
 *
 * @throws CheckpointError that says what does not fit
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const places: Placed[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA) places.push(readPlace(name, value));
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const available = bytes.length - dataStart;
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (end > available) {
      return fail(
        `${name}: data_offsets [${begin}, ${end}] reach past the ${available} bytes of data: cut short`,
      );
    }
    if (begin !== covered) {
      return fail(`${name}: begins at byte ${begin} of the data, expected ${covered}: a gap or an overlap`);
    }
    covered = end;
  }
  if (covered !== available) {
    return fail(`${available - covered} bytes follow the last array`);
  }
  const entries = new Map<string, SafetensorsEntry>();
  for (const { name, dtype, shape, begin, end } of places) {
    // Not `bytes.slice`: on a Node Buffer that is a view, whose `.buffer` may hold other files.
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(dataStart + begin, dataStart + end));
    const data = codecs[dtype].read(copy.buffer);
    if (dtype === "BOOL" && (data as Uint8Array).some((value) => value > 1)) {
      return fail(`${name}: a BOOL that is neither 0 nor 1`);
    }
    entries.set(name, { dtype, shape, data });
  }
  return { entries, metadata: readMetadata(Object.hasOwn(header, METADATA) ? header[METADATA] : undefined) };
}
