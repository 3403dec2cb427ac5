import { constants, gunzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { DEFLATE_MAX_RATIO, FETCH_AGAIN, gzipError, isGzip, readBytes, unpack } from "../files/packed.js";

/** The content of an idx file of unsigned bytes: sizes of the axes and the elements, row-major. */
export type IdxArray = Readonly<{ sizes: readonly number[]; data: Uint8Array }>;

const UNSIGNED_BYTE = 0x08;
const elementTypes: Readonly<Record<number, string>> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Sizes from the header, checked as far as possible without the elements. */
function parseSizes(path: string, head: Uint8Array, axes: number): number[] {
  const expected = hex(Uint8Array.of(0, 0, UNSIGNED_BYTE, axes));
  if (head.length < 4) {
    throw new DataError(
      `${path}: ${head.length === 0 ? "empty" : `only ${head.length} bytes`}, expected an idx file (${expected} …)`,
    );
  }
  const [zero = 0, zero2 = 0, type = 0, found = 0] = head;
  const elementType = elementTypes[type];
  if (zero !== 0 || zero2 !== 0 || elementType === undefined) {
    throw new DataError(
      `${path}: not an idx file: begins with ${hex(head.subarray(0, 4))}, expected ${expected}`,
    );
  }
  if (type !== UNSIGNED_BYTE) {
    throw new DataError(
      `${path}: holds ${elementType} (type 0x${hex(head.subarray(2, 3))}), expected unsigned bytes (0x08)`,
    );
  }
  if (found !== axes) {
    throw new DataError(
      `${path}: has ${found === 1 ? "1 axis" : `${found} axes`}, expected ${axes} (${axes === 1 ? "labels" : "images × rows × columns"})`,
    );
  }
  if (head.length < 4 + 4 * axes) {
    throw new DataError(
      `${path}: cut short inside its header: ${head.length} bytes, expected ${4 + 4 * axes}`,
    );
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
}

/** Unpacks only the header from the beginning of the packed file. */
function unpackHead(path: string, packed: Uint8Array, bytes: number): Uint8Array {
  let head: Uint8Array = new Uint8Array();
  for (const part of [1 << 10, 1 << 16]) {
    try {
      head = gunzipSync(packed.subarray(0, part), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch (cause) {
      throw gzipError(path, cause) ?? cause;
    }
    if (head.length >= bytes || part >= packed.length) break;
  }
  return head;
}

/**
 * Reads an idx file of unsigned bytes, packed with gzip or not, with `axes` axes (3: images, 1: labels).
 * The sizes in the header must match the present bytes before anything is allocated.
 *
 * @throws DataError that names the file, what was found and what was expected
 */
export async function readIdx(path: string, axes: number): Promise<IdxArray> {
  const raw = await readBytes(path, "an idx file");
  const packed = isGzip(raw);
  const headerBytes = 4 + 4 * axes;
  const sizes = parseSizes(path, packed ? unpackHead(path, raw, headerBytes) : raw, axes);
  const shape = sizes.join(" × ");
  if (sizes.includes(0)) throw new DataError(`${path}: its header says ${shape}, so it holds no examples`);
  const expected = headerBytes + sizeOf(sizes);
  const possible = packed ? raw.length * DEFLATE_MAX_RATIO : raw.length;
  if (expected > possible) {
    throw new DataError(
      `${path}: its header says ${shape}, which takes ${expected} bytes, but the file has ${packed ? "at most " : ""}${possible}: cut short, or a wrong header${FETCH_AGAIN}`,
    );
  }
  const tooLong = `unpacks to more than the ${expected} bytes of its header: trailing bytes`;
  const file = packed ? unpack(path, raw, expected, tooLong) : raw;
  if (file.length !== expected) {
    const verdict = file.length < expected ? "cut short" : "trailing bytes";
    throw new DataError(
      `${path}: its header says ${shape}, which takes ${expected} bytes, but the file has ${file.length}: ${verdict}${FETCH_AGAIN}`,
    );
  }
  return { sizes, data: new Uint8Array(file.buffer, file.byteOffset + headerBytes, expected - headerBytes) };
}
