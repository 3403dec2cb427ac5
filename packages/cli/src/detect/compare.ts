import { HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { preciseLog } from "./combine.js";

/** In place of −d²/2h² where a pair does not count, negative. */
const FAR = 1e30;

/** Rows whose −d²/2h² is above this part of 1 + |x|²/h² are equal but for the rounding of float32. */
const EQUAL = 1e-5;

/**
 * Coordinates are multiples of 1/64 of the kernels' width: products of them are then exact in float32, in whatever order an
 * engine adds, as long as d²/2h² is below 2,048.
 */
const STEPS = 64;

/** Reference rows in a space, (b, 1, −|b|²/2) in units of the kernels' width, turned: [width + 2, m] each. */
export type Reference<T> = readonly T[];

/**
 * Rows of a space with which others are compared.
 *
 * @param rows [m, width]
 * @param size rows of a part: between two operations, a few hundred stay in the cache of a core
 */
export function referenceParts(
  rows: Float32Array,
  width: number,
  bandwidth: number,
  size: number,
): Reference<HostArray> {
  const count = rows.length / width;
  const perStep = STEPS / bandwidth;
  return Array.from({ length: Math.ceil(count / size) }, (_, part) => {
    const here = Math.min(size, count - part * size);
    const turned = new Float32Array((width + 2) * here);
    for (let i = 0; i < here; i++) {
      let squared = 0;
      for (let c = 0; c < width; c++) {
        const steps = Math.fround(rows[(part * size + i) * width + c]! * perStep);
        const value = Math.floor(Math.fround(steps + 0.5)) / STEPS;
        turned[c * here + i] = value;
        squared += value * value;
      }
      turned[width * here + i] = 1;
      turned[(width + 1) * here + i] = -squared / 2;
    }
    return new HostArray(turned, [width + 2, here], np.float32);
  });
}

/** Rows compared with a reference. */
export type Compared = Readonly<{
  /** −d²/2h² to each row of each part, [B, m]; −1e30 to rows that are equal. */
  logs: readonly np.Array[];
  /** How many reference rows of each part are equal, [B, 1]. */
  copies: readonly np.Array[];
}>;

/**
 * −|a − b|²/2 of rows a and b as one product, (a, −|a|²/2, 1) · (b, 1, −|b|²/2), to about 1e-6 of the squared lengths.
 *
 * @param rows [B, width] of the space. Consumed
 */
export function compare(rows: np.Array, bandwidth: number, reference: Reference<np.Array>): Compared {
  const scaled = np.floor(rows.mul(STEPS / bandwidth).add(0.5)).div(STEPS);
  const half = np.sum(scaled.ref.mul(scaled.ref), 1, { keepdims: true }).mul(0.5); // [B, 1]
  const least = half.ref.mul(2).add(1).mul(-EQUAL);
  const one = np.onesLike(half.ref);
  const wide = np.concatenate([scaled, half.neg(), one], 1);
  const pairs = reference.map((part) => {
    const all = np.matmul(wide.ref, part.ref); // [B, m]
    const isCopy = np.greaterEqual(all.ref, least.ref);
    return {
      logs: np.where(isCopy.ref, -FAR, all),
      copies: np.sum(isCopy.astype(np.float32), 1, { keepdims: true }),
    };
  });
  wide.dispose();
  least.dispose();
  return { logs: pairs.map(({ logs }) => logs), copies: pairs.map(({ copies }) => copies) };
}

/** The same once more, for another use. */
export const sharedRows = ({ logs, copies }: Compared): Compared => ({
  logs: logs.map((each) => each.ref),
  copies: copies.map((each) => each.ref),
});

const sumOf = (arrays: readonly np.Array[]): np.Array => arrays.reduce((sum, each) => sum.add(each));

/**
 * −log (1/m) Σ_j exp(−|x − t_j|² / 2h²), [B]: the kernel density without its constant factor. One of the reference rows
 * that equal a row is the row itself, and does not count: a row that was trained on is judged as any other.
 *
 * @param count m, all reference rows
 */
export function kernelScore({ logs, copies }: Compared, count: number): np.Array {
  const own = sumOf(copies); // [B, 1]
  const others = np.minimum(own.ref, 1).neg().add(count);
  const equal = np.maximum(own.ref.sub(1), 0);
  // equal rows have −d²/2h² = 0, the largest there is
  const nearest = np.max(
    np.concatenate(
      logs.map((each) => np.max(each.ref, 1, { keepdims: true })),
      1,
    ),
    1,
    { keepdims: true },
  );
  const most = np.where(np.greater(own, 1.5), 0, nearest);
  const sums = logs.map((each) => np.sum(np.exp(each.sub(most.ref)), 1, { keepdims: true }));
  const logSum = preciseLog(sumOf(sums).add(equal)).add(most);
  return preciseLog(others).sub(logSum).reshape([-1]);
}

/**
 * The mean over the parts of the distance to the nearest row of each, [B]: with k parts about the distance to the k-th
 * neighbour. A row itself does not count.
 *
 * Source: Pang, Ting, Albrecht 2015, "LeSiNN: Detecting anomalies by identifying least similar nearest neighbours".
 */
export function neighbourScore({ logs, copies }: Compared, bandwidth: number): np.Array {
  const own = sumOf(copies.map((each) => each.ref));
  const distances = logs.map((each, part) => {
    const nearest = np.sqrt(np.maximum(np.max(each, 1, { keepdims: true }).mul(-2), 0));
    const isThere = np.logicalAnd(np.greater(copies[part]!, 0.5), np.greater(own.ref, 1.5));
    return np.where(isThere, 0, nearest);
  });
  own.dispose();
  return np.mean(np.concatenate(distances, 1), 1).mul(bandwidth);
}
