import type { DType } from "@jax-js/jax";
import { pick } from "./lists.js";

/**
 * A piece of an axis. A lazy factor represents a broadcast: it is not in the buffer. Factors are compared by identity.
 */
export type Factor = Readonly<{ size: number; lazy: boolean }>;

/**
 * A value of the program as a view of an ONNX value. The buffer is the row-major product of the
 * factors in `order` (the ONNX shape may group them differently and hold ones). Every logical axis
 * is a list of factors, outermost first; every factor of `order` stands in exactly one axis. So a
 * transposition, a broadcast and nearly every reshape change only this record, not the buffer.
 */
export type Lazy = Readonly<{
  base: string;
  dtype: DType;
  order: readonly Factor[];
  axes: readonly (readonly Factor[])[];
  /** The common value of all elements, if known. */
  literal?: number;
}>;

export const factor = (size: number, lazy = false): Factor => ({ size, lazy });

const axisSize = (axis: readonly Factor[]): number => axis.reduce((n, f) => n * f.size, 1);

/** The logical shape. */
export const shapeOf = (v: Lazy): number[] => v.axes.map(axisSize);

/** Number of elements in the buffer. */
export const bufferSize = (v: Lazy): number => axisSize(v.order);

/** A view of a whole buffer: axes of size 1 hold no factor. */
export function ofBuffer(base: string, dtype: DType, shape: readonly number[]): Lazy {
  const axes = shape.map((n) => (n === 1 ? [] : [factor(n)]));
  return { base, dtype, order: axes.flat(), axes };
}

export function transpose(v: Lazy, perm: readonly number[]): Lazy {
  return { ...v, axes: pick(v.axes, perm) };
}

/** Inserts axes at the positions `axis`, then broadcasts axes of size 1 to `shape`. */
export function broadcast(v: Lazy, shape: readonly number[], axis: readonly number[]): Lazy {
  const old = [...v.axes];
  const axes = shape.map((n, i) => {
    const have = axis.includes(i) ? [] : (old.shift() ?? []);
    return axisSize(have) === 1 && n !== 1 ? [factor(n, true)] : have;
  });
  return { ...v, axes };
}

/** Leading axes of size 1, up to `rank`. */
export function padRank(v: Lazy, rank: number): Lazy {
  const missing = rank - v.axes.length;
  return missing > 0 ? { ...v, axes: [...Array<Factor[]>(missing).fill([]), ...v.axes] } : v;
}

/**
 * The same elements in another logical shape; splits factors if a new axis ends inside them. Null if a new axis would
 * need a part of a factor that is not a divisor (the caller then materializes).
 */
export function reshape(v: Lazy, shape: readonly number[]): Lazy | null {
  if (v.order.length === 0) return { ...v, axes: shape.map((n) => (n === 1 ? [] : [factor(n, true)])) };
  const queue = v.axes.flat();
  const pieces = new Map<Factor, readonly Factor[]>();
  const axes: Factor[][] = [];
  for (const size of shape) {
    const axis: Factor[] = [];
    let need = size;
    while (need > 1) {
      const next = queue.shift();
      if (next === undefined) return null;
      if (need % next.size === 0) {
        axis.push(next);
        need /= next.size;
      } else if (next.size % need === 0) {
        const outer = factor(need, next.lazy);
        const inner = factor(next.size / need, next.lazy);
        pieces.set(next, [outer, inner]);
        axis.push(outer);
        queue.unshift(inner);
        need = 1;
      } else return null;
    }
    axes.push(axis);
  }
  const expand = (f: Factor): readonly Factor[] => pieces.get(f)?.flatMap(expand) ?? [f];
  return canonical({ ...v, order: v.order.flatMap(expand), axes });
}

/** A reshape that needs no copy. */
export function view(v: Lazy, shape: readonly number[]): Lazy {
  const result = reshape(v, shape);
  if (result === null) throw new Error(`[${shapeOf(v)}] is not a view of [${shape}]`);
  return result;
}

/** Merges adjacent factors of an axis that are also adjacent in the buffer, and adjacent lazy factors. */
export function canonical(v: Lazy): Lazy {
  const order = [...v.order];
  const axes = v.axes.map((axis) => {
    const merged: Factor[] = [];
    for (const f of axis) {
      const last = merged.at(-1);
      if (last?.lazy && f.lazy) {
        merged[merged.length - 1] = factor(last.size * f.size, true);
        continue;
      }
      const at = order.indexOf(f);
      if (last !== undefined && !last.lazy && !f.lazy && order[at - 1] === last) {
        const both = factor(last.size * f.size);
        order.splice(at - 1, 2, both);
        merged[merged.length - 1] = both;
      } else merged.push(f);
    }
    return merged;
  });
  return { ...v, order, axes };
}

/** True if two values are the same view of buffers with the same factors. */
export function sameLayout(a: Lazy, b: Lazy): boolean {
  const describe = (v: Lazy) =>
    JSON.stringify(v.axes.map((axis) => axis.map((f) => [f.size, v.order.indexOf(f)])));
  return a.axes.length === b.axes.length && describe(a) === describe(b);
}
