import { DataError, DomainError, UsageError } from "./errors.js";
import {
  flatNumbers,
  type NestedNumbers,
  NO_ROW,
  type NumberArray,
  numberAt,
  numbersIn,
} from "./nested-numbers.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Examples, row-major, one after another, and the condition of each, where a flow has one. */
export type Examples = Readonly<{
  examples: Uint8Array | Float32Array;
  count: number;
  conditions?: Uint8Array | Float32Array;
}>;

/** Examples in any accepted form: a typed array with one example after another, or nested arrays with the batch axis first. */
export type ExamplesIn = NumberArray | NestedNumbers;

/**
 * Requirements for one example: its shape, and the number of levels if it must hold integers. `computed`: of a condition that is a
 * function of x, which samples draw themselves. `fewerRows`: an example has at most as many rows as the shape says.
 */
export type ExampleDomain = Readonly<{
  shape: Shape;
  levels?: number | undefined;
  computed?: boolean;
  fewerRows?: boolean | undefined;
}>;

/**
 * Checks examples against the domain of a flow.
 *
 * Errors: `DataError` for no examples or a count of numbers that does not fit; `DomainError` for NaN, Infinity, and
 * values that are not integers 0..levels−1 if required; each names the example.
 */
export function checkExamples(
  { examples, count }: Examples,
  { shape, levels, fewerRows }: ExampleDomain,
  given: ExamplesIn = examples,
): void {
  const size = sizeOf(shape);
  if (count < 1) throw new DataError("expected at least one example, got none");
  if (examples.length !== count * size)
    throw new DataError(
      `${count} examples of ${showShape(shape, false)} have ${count * size} numbers, the data has ${examples.length}`,
    );
  if (examples instanceof Uint8Array && (levels ?? 256) >= 256) return;
  const wrong = (i: number, must: string): DomainError => {
    const value = numberAt(given, i);
    const tooLarge = Number.isFinite(value) && !Number.isFinite(examples[i]);
    return new DomainError(
      `example ${Math.floor(i / size)} holds ${value} ${placeOf(i % size, shape)}: ${tooLarge ? "32-bit numbers end at 3.4e38\ndivide the column first" : `values must be ${must}`}`,
    );
  };
  for (let i = 0; i < examples.length; i++) {
    const value = examples[i] as number;
    if (!Number.isFinite(value)) throw wrong(i, "finite");
    if (fewerRows && value === NO_ROW && i % size === 0)
      throw new DataError(`example ${i / size} has no rows, expected at least one`);
    if (levels !== undefined && !(Number.isInteger(value) && value >= 0 && value < levels))
      throw wrong(i, `integers in 0..${levels - 1}`);
  }
}

/** Where in an example a number lies: `in column 3`, or `at [0, 5, 2]` where an example has several axes. */
function placeOf(index: number, shape: Shape): string {
  if (shape.length === 1) return `in column ${index}`;
  const place: number[] = [];
  for (const axis of [...shape].reverse()) {
    place.unshift(index % axis);
    index = Math.floor(index / axis);
  }
  return `at [${place.join(", ")}]`;
}

/**
 * Flat examples from any accepted form: typed arrays are rows one after the other; of a nested array each entry is an
 * example, nested as its shape says or in one row. One example alone may stand without the axis of the batch.
 *
 * Errors: `DataError` for examples of unequal length, that are not full, or hold something else than numbers, with the
 * example; those of `checkExamples`.
 */
export function readExamples(input: ExamplesIn, domain: ExampleDomain): Examples {
  const size = sizeOf(domain.shape);
  const { fewerRows } = domain;
  const flat = flatNumbers(input, domain.shape, fewerRows);
  if (flat.length % size !== 0)
    throw new DataError(
      `examples of ${showShape(domain.shape, false)} have ${size} numbers each, the data has ${flat.length}`,
    );
  const examples = { examples: flat, count: flat.length / size };
  checkExamples(examples, domain, fewerRows ? flat : input);
  return examples;
}

/** Largest numbers of a column that training can square in 32 bits. */
const SCALES = { least: 1e-18, most: 1e18 };

/**
 * Refuses examples to train on of which a column, or an entry, is of a size whose squares 32-bit numbers cannot hold.
 *
 * @param given the numbers before they became 32-bit ones, in any form
 * @throws DomainError that names the column and what to multiply it by
 */
export function checkScales(
  examples: Uint8Array | Float32Array,
  { shape, fewerRows }: ExampleDomain,
  given: ExamplesIn,
): void {
  if (examples instanceof Uint8Array) return;
  const size = sizeOf(shape);
  const largest = new Float64Array(size);
  for (let i = 0; i < examples.length; i++)
    if (!fewerRows || examples[i] !== NO_ROW)
      largest[i % size] = Math.max(largest[i % size]!, Math.abs(examples[i]!));
  const { least, most } = SCALES;
  // what is 0 now may have been a number
  if (given !== examples && !fewerRows && largest.includes(0)) {
    let i = 0;
    for (const value of numbersIn(given)) {
      largest[i % size] = Math.max(largest[i % size]!, Math.abs(value));
      i++;
    }
  }
  const odd = largest.findIndex((value) => value > most || (value > 0 && value < least));
  if (odd < 0) return;
  const value = largest[odd]!;
  throw new DomainError(
    `the largest number ${placeOf(odd, shape)} is ${value.toPrecision(2)}: expected ${least} to ${most}, whose squares are 32-bit numbers\nscale it by 1e${-Math.round(Math.log10(value))}`,
  );
}

/** Examples that come in pieces of any size, checked and cut into batches of `size`; the last may be smaller. */
export async function* inBatches(
  source: Iterable<ExamplesIn> | AsyncIterable<ExamplesIn>,
  domain: ExampleDomain,
  size: number,
): AsyncGenerator<Float32Array> {
  const length = size * sizeOf(domain.shape);
  let batch = new Float32Array(length);
  let filled = 0;
  for await (const piece of source) {
    const { examples } = readExamples(piece, domain);
    for (let at = 0; at < examples.length; ) {
      const part = examples.subarray(at, at + length - filled);
      batch.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < length) continue;
      yield batch;
      batch = new Float32Array(length);
      filled = 0;
    }
  }
  if (filled > 0) yield batch.subarray(0, filled);
}

/** What a method is asked about beside the examples. */
export type ConditionOption = {
  /** The condition of a conditional flow: of each example, or one for all of them, a number such as a class as it is. */
  condition?: ExamplesIn | number | undefined;
};
type GivenCondition = ConditionOption["condition"];

/** A function whose outputs are the condition: examples, one after another, to the condition of each. */
export type ConditionOf = (examples: Uint8Array | Float32Array) => Promise<Float32Array>;

/** A word for the condition of a flow. */
const showCondition = ({ shape, levels, fewerRows }: ExampleDomain): string =>
  levels === undefined
    ? `${fewerRows ? "rows of " : ""}numbers ${fewerRows ? "up to " : ""}${showShape(shape, false)}`
    : `a class 0..${levels - 1}`;

/** Errors: `UsageError` for a condition where the flow has none, or none where it has one. */
export function expectCondition(what: string, domain: ExampleDomain | undefined, given: unknown): void {
  if (domain && given === undefined)
    throw new UsageError(
      domain.computed
        ? `${what}: this density is that of a function's inputs, and its outputs are missing\ngive { condition }: ${showCondition(domain)} of each example, what the function returns for it`
        : `${what}: this density is conditional\ngive { condition }: ${showCondition(domain)} of each example, or of all`,
    );
  if (!domain && given !== undefined)
    throw new UsageError(`${what}: got a condition, but this flow has none\nmake it with { condition }`);
}

/** An error about examples as one about a condition, whose examples they are; any other as it is. */
export function conditionError(what: string, error: unknown): unknown {
  if (!(error instanceof DataError || error instanceof DomainError)) return error;
  const Same = error instanceof DataError ? DataError : DomainError;
  return new Same(`${what}: in the condition, ${error.message}`, { cause: error });
}

/** Conditions, of examples or one for all. Errors: those of `expectCondition` and `readExamples`. */
export function readCondition(what: string, domain: ExampleDomain | undefined, given: GivenCondition) {
  expectCondition(what, domain, given);
  try {
    return domain && given !== undefined && readExamples(typeof given === "number" ? [given] : given, domain);
  } catch (error) {
    throw conditionError(what, error);
  }
}

/** For conditions that are fewer or more than the examples. */
export const wrongCount = (what: string, found: number, examples: number | string): DataError =>
  new DataError(
    `${what}: got ${found} conditions for ${examples} examples, expected one of each, or one for all`,
  );

/** A condition for each of so many examples. Errors: those of `readCondition`; `DataError` for another number of them. */
export function readConditions(
  what: string,
  domain: ExampleDomain | undefined,
  given: GivenCondition,
  count: number,
): Pick<Examples, "conditions"> {
  const read = readCondition(what, domain, given);
  if (!domain || !read) return {};
  if (read.count === count) return { conditions: read.examples };
  if (read.count !== 1) throw wrongCount(what, read.count, count);
  const size = sizeOf(domain.shape);
  const conditions = new Float32Array(count * size);
  for (let i = 0; i < count; i++) conditions.set(read.examples, i * size);
  return { conditions };
}
