import { DataError, DomainError } from "./errors.js";
import { flatNumbers, type NestedNumbers, type NumberArray } from "./nested-numbers.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Examples, row-major, one after another. */
export type Examples = Readonly<{ examples: Uint8Array | Float32Array; count: number }>;

/** Examples in any accepted form: a typed array with one example after another, or nested arrays with the batch axis first. */
export type ExamplesIn = NumberArray | NestedNumbers;

/** Requirements for one example: its shape, and the number of levels if it must hold integers. */
export type ExampleDomain = Readonly<{ shape: Shape; levels?: number | undefined }>;

/**
 * Checks examples against the domain of a flow.
 *
 * Errors: `DataError` for no examples or a count of numbers that does not fit; `DomainError` for NaN, Infinity, and
 * values that are not integers 0..levels−1 if required; each names the example.
 */
export function checkExamples({ examples, count }: Examples, { shape, levels }: ExampleDomain): void {
  const size = sizeOf(shape);
  if (count < 1) throw new DataError("expected at least one example, got none");
  if (examples.length !== count * size)
    throw new DataError(
      `${count} examples of ${showShape(shape, false)} have ${count * size} numbers, the data has ${examples.length}`,
    );
  if (examples instanceof Uint8Array && (levels ?? 256) >= 256) return;
  const wrong = (i: number, must: string): DomainError =>
    new DomainError(
      `example ${Math.floor(i / size)} holds ${examples[i]} ${placeOf(i % size, shape)}: values must be ${must}`,
    );
  for (let i = 0; i < examples.length; i++) {
    const value = examples[i] as number;
    if (!Number.isFinite(value)) throw wrong(i, "finite");
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
  const flat = flatNumbers(input, domain.shape);
  if (flat.length % size !== 0)
    throw new DataError(
      `examples of ${showShape(domain.shape, false)} have ${size} numbers each, the data has ${flat.length}`,
    );
  const examples = { examples: flat, count: flat.length / size };
  checkExamples(examples, domain);
  return examples;
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
