import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { floats } from "../params/host.js";

/** Boxes of several columns, all of them in one list: their columns, where they begin, and how wide they are. */
export type Boxes = Readonly<{
  count: number;
  columns: readonly number[];
  lows: readonly number[];
  widths: readonly number[];
  /** Logs of the widths in steps of the columns. */
  logSteps: readonly number[];
  /** 1 where a number of its column lies in a box, else 0: [B, columns] -> [B, count]. Consumes x. */
  inside(x: np.Array): np.Array;
  /** A number of each column at all of its boxes, [B, columns] -> [B, count]. Consumes it. */
  spread(x: np.Array): np.Array;
  /** Sums over the boxes of each column, [B, count] -> [B, columns], each box so many times. Consumes it. */
  gathered(a: np.Array, each?: readonly number[]): np.Array;
}>;

/** Most boxes of all columns together. */
const MOST = 2048;

/** Nats that a column costs outside of its values. */
export const OUTSIDE = 1e4;

/** Uniform numbers end below 1, and so below what shares add up to. */
const LESS = 1 - 1e-5;

/** Likewise for what is drawn within a value, beside numbers of some hundreds. */
export const WITHIN = 1 - 1e-4;

export const row = (list: readonly number[], dtype: np.DType): np.Array =>
  floats(Float32Array.from(list)).astype(dtype);

/**
 * Boxes between edges that rise, a list for each column.
 *
 * @param steps what each column is measured in
 */
export function boxesOf(
  name: string,
  edges: readonly (readonly number[])[],
  steps: readonly number[] = edges.map(() => 1),
): Boxes {
  if (steps.length !== edges.length)
    throw new ShapeError(`${name}: expected steps of ${edges.length} columns, got ${steps.length}`);
  for (const own of edges) {
    if (own.length < 2) throw new ShapeError(`${name}: needs two edges a column at least, got ${own.length}`);
    if (own.some((edge, i) => i > 0 && edge <= own[i - 1]!))
      throw new DomainError(`${name}: edges must rise, got ${own.slice(0, 5).join(", ")} …`);
  }
  const columns = edges.flatMap((own, c) => own.slice(1).map(() => c));
  const count = columns.length;
  if (count > MOST) throw new DomainError(`${name}: expected at most ${MOST} values, got ${count}`);
  const lows = edges.flatMap((own) => own.slice(0, -1));
  const highs = edges.flatMap((own) => own.slice(1));
  const widths = lows.map((low, s) => highs[s]! - low);
  const places = new Float32Array(edges.length * count);
  for (const [s, c] of columns.entries()) places[c * count + s] = 1;
  const spread = (x: np.Array): np.Array =>
    np.matmul(x, floats(places.slice(), [edges.length, count]).astype(x.dtype));
  return {
    count,
    columns,
    lows,
    widths,
    logSteps: widths.map((width, s) => Math.log(width / steps[columns[s]!]!)),
    spread,
    gathered(a, each) {
      const all = new Float32Array(count * edges.length);
      for (const [s, c] of columns.entries()) all[s * edges.length + c] = each?.[s] ?? 1;
      return np.matmul(a, floats(all, [count, edges.length]).astype(a.dtype));
    },
    inside(x) {
      const { dtype } = x;
      const all = spread(x);
      const above = np.greaterEqual(all.ref, row(lows, dtype)).astype(dtype);
      return np.less(all, row(highs, dtype)).astype(dtype).mul(above);
    },
  };
}

/** 1 for pairs of boxes of one column (or, `before`, where the second comes later), [S, S]. */
export function pairsOf({ count: S, columns }: Boxes, dtype: np.DType, before = false): np.Array {
  const pairs = Float32Array.from({ length: S * S }, (_, at) => {
    const [s, t] = [Math.floor(at / S), at % S];
    return Number(columns[s] === columns[t] && (!before || s < t));
  });
  return floats(pairs, [S, S]).astype(dtype);
}

/** A box of each column by their weights [B, S], from uniform numbers [B, columns]: 1 for that, else 0. Consumes both. */
export function drawnBoxes(boxes: Boxes, weights: np.Array, choice: np.Array): np.Array {
  const { dtype } = weights;
  const uniform = boxes.spread(choice.mul(LESS));
  const total = np.matmul(weights.ref, pairsOf(boxes, dtype));
  const below = np.matmul(weights.ref, pairsOf(boxes, dtype, true)).div(total.ref);
  const upTo = below.ref.add(weights.div(total));
  const from = np.lessEqual(below, uniform.ref);
  return np.where(np.less(uniform, upTo), from.astype(dtype), np.zeros([], { dtype }));
}

/** The boxes of all examples, one after another. */
export async function codesOf(
  examples: CalibrationData,
  edges: readonly (readonly number[])[],
): Promise<Int32Array> {
  const codes = new Int32Array(examples.count * edges.length);
  let at = 0;
  for await (const part of examples.parts())
    for (const x of part) {
      codes[at] = boxAt(edges[at % edges.length]!, x);
      at++;
    }
  return codes;
}

/** Which box each number lies in, counted in its column from 0; the nearest one where it lies in none. */
export function boxAt(edges: readonly number[], x: number): number {
  let box = 0;
  while (box < edges.length - 2 && x >= Math.fround(edges[box + 1]!)) box++;
  return box;
}
