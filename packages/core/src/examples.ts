import { DataError, DomainError } from "./errors.js";
import { type Shape, showShape, sizeOf } from "./layer.js";

/** Items, row-major, one after the other. */
export type Items = Readonly<{ items: Uint8Array | Float32Array; count: number }>;

/** Items as people have them: typed rows one after the other, or nested arrays, the batch in front. */
export type ItemsIn = Uint8Array | Float32Array | Float64Array | NestedNumbers;
export type NestedNumbers = readonly (number | NestedNumbers)[];

/** What one item must be: its shape, and the number of levels where it must hold integers. */
export type ItemDomain = Readonly<{ shape: Shape; levels?: number | undefined }>;

/**
 * Checks items against what a flow takes.
 *
 * Errors: `DataError` for no items or numbers that do not fill the items; `DomainError` for NaN,
 * Infinity, and values that are not integers 0..levels−1 where they must be; each names the item.
 */
export function checkItems({ items, count }: Items, { shape, levels }: ItemDomain): void {
  const size = sizeOf(shape);
  if (count < 1) throw new DataError("there are no items: at least one is needed");
  if (items.length !== count * size)
    throw new DataError(
      `${count} items of ${showShape(shape, false)} have ${count * size} numbers, the data has ${items.length}`,
    );
  if (items instanceof Uint8Array && (levels ?? 256) >= 256) return;
  for (let i = 0; i < items.length; i++) {
    const value = items[i] as number;
    if (!Number.isFinite(value))
      throw new DomainError(`item ${Math.floor(i / size)} holds ${value}: values must be finite`);
    if (levels !== undefined && !(Number.isInteger(value) && value >= 0 && value < levels))
      throw new DomainError(
        `item ${Math.floor(i / size)} holds ${value}: values must be integers in 0..${levels - 1}`,
      );
  }
}

const flatItems = (input: ItemsIn): Uint8Array | Float32Array =>
  input instanceof Uint8Array || input instanceof Float32Array
    ? input
    : Float32Array.from(input instanceof Float64Array ? input : flattenNested(input));

/** The numbers of items in any accepted form, one after the other, unchecked. */
export const numbersOf = (input: ItemsIn): Float32Array => {
  const flat = flatItems(input);
  return flat instanceof Float32Array ? flat : Float32Array.from(flat);
};

/** Flat items from any accepted form. Errors: `DataError` for ragged or half-filled items, and those of `checkItems`. */
export function readItems(input: ItemsIn, domain: ItemDomain): Items {
  const size = sizeOf(domain.shape);
  const flat = flatItems(input);
  if (flat.length % size !== 0)
    throw new DataError(
      `items of ${showShape(domain.shape, false)} have ${size} numbers each, the data has ${flat.length}`,
    );
  const items = { items: flat, count: flat.length / size };
  checkItems(items, domain);
  return items;
}

/** What a trainer is given: items with their number, or in any form that a model takes. */
export const countedItems = (data: Items | ItemsIn, domain: ItemDomain): Items =>
  "count" in data ? data : readItems(data, domain);

function flattenNested(nested: NestedNumbers, out: number[] = []): number[] {
  for (const entry of nested) {
    if (typeof entry === "number") out.push(entry);
    else flattenNested(entry, out);
  }
  return out;
}

/** Items that come in pieces of any size, checked and cut into batches of `size`; the last may be smaller. */
export async function* inBatches(
  source: Iterable<ItemsIn> | AsyncIterable<ItemsIn>,
  domain: ItemDomain,
  size: number,
): AsyncGenerator<Float32Array> {
  const length = size * sizeOf(domain.shape);
  let batch = new Float32Array(length);
  let filled = 0;
  for await (const piece of source) {
    const { items } = readItems(piece, domain);
    for (let at = 0; at < items.length; ) {
      const part = items.subarray(at, at + length - filled);
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
