import { DataError, DomainError } from "./errors.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Examples, row-major, one after the other. */
export type Examples = Readonly<{ examples: Uint8Array | Float32Array; count: number }>;

/** Examples as people have them: typed rows one after the other, or nested arrays, the batch in front. */
export type ExamplesIn = Uint8Array | Float32Array | Float64Array | NestedNumbers;
type NestedNumbers = readonly (number | NestedNumbers)[];

/** What one example must be: its shape, and the number of levels where it must hold integers. */
export type ExampleDomain = Readonly<{ shape: Shape; levels?: number | undefined }>;

/**
 * Checks examples against what a flow takes.
 *
 * Errors: `DataError` for no examples or numbers that do not fill the examples; `DomainError` for NaN,
 * Infinity, and values that are not integers 0..levels−1 where they must be; each names the example.
 */
export function checkExamples({ examples, count }: Examples, { shape, levels }: ExampleDomain): void {
  const size = sizeOf(shape);
  if (count < 1) throw new DataError("there are no examples: at least one is needed");
  if (examples.length !== count * size)
    throw new DataError(
      `${count} examples of ${showShape(shape, false)} have ${count * size} numbers, the data has ${examples.length}`,
    );
  if (examples instanceof Uint8Array && (levels ?? 256) >= 256) return;
  for (let i = 0; i < examples.length; i++) {
    const value = examples[i] as number;
    if (!Number.isFinite(value))
      throw new DomainError(`example ${Math.floor(i / size)} holds ${value}: values must be finite`);
    if (levels !== undefined && !(Number.isInteger(value) && value >= 0 && value < levels))
      throw new DomainError(
        `example ${Math.floor(i / size)} holds ${value}: values must be integers in 0..${levels - 1}`,
      );
  }
}

const flatExamples = (input: ExamplesIn): Uint8Array | Float32Array =>
  input instanceof Uint8Array || input instanceof Float32Array
    ? input
    : Float32Array.from(input instanceof Float64Array ? input : flattenNested(input));

/** The numbers of examples in any accepted form, one after the other, unchecked. */
export const numbersOf = (input: ExamplesIn): Float32Array => {
  const flat = flatExamples(input);
  return flat instanceof Float32Array ? flat : Float32Array.from(flat);
};

/** Flat examples from any accepted form. Errors: `DataError` for ragged or half-filled examples, and those of `checkExamples`. */
export function readExamples(input: ExamplesIn, domain: ExampleDomain): Examples {
  const size = sizeOf(domain.shape);
  const flat = flatExamples(input);
  if (flat.length % size !== 0)
    throw new DataError(
      `examples of ${showShape(domain.shape, false)} have ${size} numbers each, the data has ${flat.length}`,
    );
  const examples = { examples: flat, count: flat.length / size };
  checkExamples(examples, domain);
  return examples;
}

/** What a trainer is given: examples with their number, or in any form that a model takes. */
export const countedExamples = (data: Examples | ExamplesIn, domain: ExampleDomain): Examples =>
  "count" in data ? data : readExamples(data, domain);

function flattenNested(nested: NestedNumbers, out: number[] = []): number[] {
  for (const entry of nested) {
    if (typeof entry === "number") out.push(entry);
    else flattenNested(entry, out);
  }
  return out;
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
