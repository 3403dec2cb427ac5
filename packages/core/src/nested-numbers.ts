import { DataError } from "./errors.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

export type NumberArray = Uint8Array | Float32Array | Float64Array;
export type NestedNumbers = readonly (number | NumberArray | NestedNumbers)[];

type Nested = NestedNumbers[number];

const isTyped = (nested: Nested): nested is NumberArray => ArrayBuffer.isView(nested);
const isRow = (nested: Nested): nested is NumberArray | readonly number[] =>
  isTyped(nested) ||
  (Array.isArray(nested) && nested.length > 0 && nested.every((entry) => typeof entry === "number"));

export function* numbersIn(nested: Nested): Generator<number> {
  if (typeof nested === "number") yield nested;
  else for (const entry of nested) yield* numbersIn(entry);
}

/** The i-th number in any accepted form, as it was given. */
export function numberAt(input: NumberArray | NestedNumbers, i: number): number {
  if (isTyped(input)) return input[i] as number;
  let at = 0;
  for (const value of numbersIn(input)) if (at++ === i) return value;
  return Number.NaN;
}

/** The numbers in any accepted form, one after the other, unchecked. */
export const numbersOf = (input: NumberArray | NestedNumbers): Float32Array =>
  input instanceof Float32Array
    ? input
    : Float32Array.from(isTyped(input) || isRow(input) ? input : numbersIn(input));

/** Stands for each number of a row that an example does not have: none of the data is as large. */
export const NO_ROW = Math.fround(3e38);

/** What is as large counts as no row, as NaN does: in graphs whose numbers come from elsewhere. */
export const LARGEST_OF_ROWS = 1e38;

/**
 * The numbers of examples of this shape, one after the other: of a nested array each entry is an example, and one example
 * alone may stand without the axis of the batch. With `fewerRows` examples are lists of up to as many rows as the shape says;
 * `NO_ROW` fills the others.
 *
 * Errors: `DataError` that names the example which is of another length, or holds something else than numbers.
 */
export function flatNumbers(
  input: NumberArray | NestedNumbers,
  shape: Shape,
  fewerRows = false,
): Uint8Array | Float32Array {
  expectNumbers(input);
  if (input instanceof Uint8Array || input instanceof Float32Array) return input;
  if (isRow(input)) return Float32Array.from(input);
  const isOne = fewerRows ? input.every(isRow) : isAlone(input, shape);
  const examples = isOne ? [input] : input;
  const size = sizeOf(shape);
  const [most = 1, ...row] = shape;
  const out = new Float32Array(examples.length * size).fill(fewerRows ? NO_ROW : 0);
  examples.forEach((example, i) => {
    const wrong: Wrong = (found, expected) => {
      const of = `${fewerRows ? "at most " : ""}${showShape(shape, false)}`;
      return new DataError(`example ${i} ${found}, expected ${expected}: every example is ${of}`);
    };
    const rows = fewerRows ? rowsOf(example, most, wrong) : most;
    fill(example, [rows, ...row], out.subarray(i * size, i * size + (rows * size) / most), wrong);
  });
  return out;
}

/** How many rows an example has, of those that are listed. */
function rowsOf(example: Nested, most: number, wrong: Wrong): number {
  if (!Array.isArray(example) || !example.every(isRow))
    throw wrong(`holds ${describe(example)}`, "a list of rows");
  if (example.length < 1 || example.length > most) throw wrong(`has ${example.length} rows`, `1 to ${most}`);
  return example.length;
}

/** @throws DataError for anything but a typed array of numbers or an array */
function expectNumbers(input: unknown): void {
  const is64 = input instanceof BigInt64Array || input instanceof BigUint64Array;
  if (Array.isArray(input) || (ArrayBuffer.isView(input) && !(input instanceof DataView) && !is64)) return;
  const iterates = typeof input === "object" && input !== null && !ArrayBuffer.isView(input);
  const wayOut =
    iterates && (Symbol.iterator in input || Symbol.asyncIterator in input)
      ? "\ncollect its values in an array first: Array.from, or Array.fromAsync; to train, fit also takes { count, batch }"
      : "";
  const found = is64 ? "64-bit integers" : Object.prototype.toString.call(input).slice(8, -1);
  throw new DataError(`expected a typed array or nested arrays of numbers, found ${found}${wayOut}`);
}

/** True for one example without the axis of the batch: nested as its shape says, with all of its numbers. */
const isAlone = (input: NestedNumbers, shape: Shape): boolean =>
  shape.length > 1 && shape[0] !== 1 && input.length === shape[0] && countIn(input) === sizeOf(shape);

const countIn = (nested: Nested): number =>
  isRow(nested)
    ? nested.length
    : Array.isArray(nested)
      ? nested.reduce((sum, entry) => sum + countIn(entry), 0)
      : 1;

type Wrong = (found: string, expected: string) => DataError;

/** Writes what is nested as `shape` says, or in one row; leading axes of size 1 may be left out. */
function fill(nested: Nested, shape: Shape, out: Float32Array, wrong: Wrong): void {
  if (isRow(nested)) {
    if (nested.length !== out.length) throw wrong(`has ${nested.length} numbers`, `${out.length}`);
    out.set(nested);
    return;
  }
  const [axis = 0, ...rest] = shape;
  if (!Array.isArray(nested) || rest.length === 0) throw wrong(`holds ${describe(nested)}`, "numbers");
  const entries = nested as NestedNumbers;
  if (axis === 1 && entries.length !== 1) {
    fill(entries, rest, out, wrong);
    return;
  }
  if (entries.length !== axis) throw wrong(`has ${entries.length} entries`, `${axis}`);
  const each = out.length / axis;
  entries.forEach((entry, i) => {
    fill(entry, rest, out.subarray(i * each, (i + 1) * each), wrong);
  });
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return `${value}`;
  if (!Array.isArray(value)) return typeof value === "object" ? "an object" : `a ${typeof value}`;
  if (value.length === 0) return "no numbers";
  if (value.every((entry) => typeof entry === "number")) return "a list";
  return describe(value.find((entry) => typeof entry !== "number"));
}
