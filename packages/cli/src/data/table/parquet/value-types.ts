import type { SchemaElement } from "hyparquet";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { daysOfMilliseconds } from "../cell.js";

/** Instants from the year 1000 to 9999, in milliseconds since 1970: others are written with more or fewer digits. */
const FOUR_DIGITS = { least: Date.UTC(1000), below: Date.UTC(10_000) } as const;

const DAY = 86_400_000;

/** Numbers of a page as they are stored. */
export type StoredNumbers = Float64Array | Float32Array | Int32Array;

/**
 * How the numbers of a column become cells: as they are, or by a function of each; `dates` are days since 1970. Undefined where a value
 * cannot be a number, so that the column is decoded cell by cell.
 */
export type NumberType = Readonly<{ dates: boolean; value?: (stored: number) => number | undefined }>;

const wholeNumbers: ReadonlySet<string | undefined> = new Set([
  undefined,
  "INT_8",
  "INT_16",
  "INT_32",
  "INT_64",
  "UINT_8",
  "UINT_16",
]);

const dateOf = (milliseconds: number): number | undefined =>
  milliseconds >= FOUR_DIGITS.least && milliseconds < FOUR_DIGITS.below
    ? daysOfMilliseconds(milliseconds)
    : undefined;

const ofMicroseconds = (stored: number): number | undefined =>
  Number.isSafeInteger(stored) ? dateOf((stored - (stored % 1000)) / 1000) : undefined;

/** The type of a column of numbers or dates that is decoded in blocks; undefined for all others. */
export function numberTypeOf(element: SchemaElement): NumberType | undefined {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  if (type === "DOUBLE" || type === "FLOAT")
    return converted === undefined && logical === undefined ? { dates: false } : undefined;
  if (type !== "INT32" && type !== "INT64") return undefined;
  if (converted === "DECIMAL") {
    const factor = 10 ** scale;
    return { dates: false, value: (stored) => stored / factor };
  }
  if (converted === "DATE" && type === "INT32")
    return { dates: true, value: (stored) => dateOf(DAY * stored) };
  const unit = logical?.type === "TIMESTAMP" ? logical.unit : undefined;
  if (type === "INT64" && converted === "TIMESTAMP_MILLIS") return { dates: true, value: dateOf };
  if (type === "INT64" && converted === "TIMESTAMP_MICROS") return { dates: true, value: ofMicroseconds };
  if (converted === undefined && type === "INT64" && unit === "MILLIS") return { dates: true, value: dateOf };
  if (converted === undefined && type === "INT64" && unit === "MICROS")
    return { dates: true, value: ofMicroseconds };
  const isPlain =
    logical === undefined || (logical.type === "INTEGER" && (logical.isSigned || logical.bitWidth < 32));
  return wholeNumbers.has(converted) && isPlain ? { dates: false } : undefined;
}

/** True for a column of texts in UTF-8. */
export const isText = ({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean =>
  type === "BYTE_ARRAY" && (converted === "UTF8" || (converted === undefined && logical?.type === "STRING"));

/**
 * `count` numbers of a page that is found to hold them; undefined for an encoding that numbers rarely have.
 *
 * @throws RangeError where the page is too short
 */
export function storedNumbers(
  encoding: string,
  type: SchemaElement["type"],
  page: Uint8Array,
  at: number,
  count: number,
): StoredNumbers | undefined {
  if (encoding === "PLAIN") return plainNumbers(type, page, at, count);
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: at };
  if (encoding === "BYTE_STREAM_SPLIT" && (type === "FLOAT" || type === "DOUBLE"))
    return byteStreamSplit(reader, count, type, undefined) as Float32Array | Float64Array;
  if (encoding !== "DELTA_BINARY_PACKED") return undefined;
  const whole = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
  deltaBinaryUnpack(reader, count, whole);
  return whole instanceof Int32Array ? whole : Float64Array.from(whole, Number);
}

/**
 * `count` numbers that are written one after the other.
 *
 * @throws RangeError where the page is too short
 */
export function plainNumbers(
  type: SchemaElement["type"],
  page: Uint8Array,
  at: number,
  count: number,
): StoredNumbers {
  const size = type === "INT32" || type === "FLOAT" ? 4 : 8;
  if (at + size * count > page.length) throw new RangeError("damaged page: cut short");
  const begin = page.byteOffset + at;
  // typed arrays begin at multiples of their element
  const isAligned = begin % size === 0;
  const buffer = isAligned ? page.buffer : Uint8Array.from(page.subarray(at, at + size * count)).buffer;
  const offset = isAligned ? begin : 0;
  if (type === "DOUBLE") return new Float64Array(buffer, offset, count);
  if (type === "FLOAT") return new Float32Array(buffer, offset, count);
  if (type === "INT32") return new Int32Array(buffer, offset, count);
  const [low, high] = [new Uint32Array(buffer, offset, 2 * count), new Int32Array(buffer, offset, 2 * count)];
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!;
  return numbers;
}

/** Stored numbers as cells; undefined where one of them is none. */
export function cellNumbers(
  stored: StoredNumbers,
  { value }: NumberType,
): Float64Array | Float32Array | Int32Array | undefined {
  if (value === undefined) return stored;
  const numbers = new Float64Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    const number = value(stored[i]!);
    if (number === undefined) return undefined;
    numbers[i] = number;
  }
  return numbers;
}
