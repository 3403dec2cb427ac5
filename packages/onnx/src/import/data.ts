import type { DataShape, Imported } from "./call.js";
import type { OnnxNode } from "./graph.js";
import type { Constant } from "./tensor.js";

/** A value computed from the data. */
export type Data = DataShape & {
  readonly made?: Made;
  readonly depth: number;
  readonly leftOut: readonly OnnxNode[];
  /** The same value with the layers of the functions that are left out, for later nodes that need them. */
  readonly inside?: () => Data;
};
type Made = Readonly<{ node: OnnxNode; inputs: readonly Data[]; before: Data; imported: Imported }>;
export type Value = Data | Constant;
export type Join = NonNullable<Imported["join"]>;

export const isData = (value: Value): value is Data => "full" in value;

/** Most numbers of an example. */
export const MOST_ENTRIES = 2 ** 24;

/** Sizes with the batch axis, if present. */
export function located(full: readonly number[], batch: number): DataShape {
  const batched = full[0] === batch;
  const example = batched ? full.slice(1) : full;
  return { full, batched, example: example.length === 0 ? [1] : example };
}

/** The last value on all paths to both. */
export function meeting(a: Data, b: Data): Data {
  while (a !== b) {
    if (a.depth >= b.depth) a = a.made!.before;
    else b = b.made!.before;
  }
  return a;
}
