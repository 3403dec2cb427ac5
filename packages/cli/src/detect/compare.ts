import { HostArray } from "@flowify/core";
import { log } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";

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
  /** The largest of them in each group of rows of a part, [B, groups]. */
  nearest: readonly np.Array[];
  /** How many reference rows of each group are equal, [B, groups]. */
  copies: readonly np.Array[];
}>;

/** How rows are compared. */
export type Comparison = Readonly<{
  /** Rows of a group: a part has several. Default: a part is a group. */
  group?: number | undefined;
  /**
   * The rows are results of a computation. They are not rounded, since two engines may round a number that lies between two
   * steps to different ones.
   */
  computed?: boolean | undefined;
}>;

/**
 * −|a − b|²/2 of rows a and b as one product, (a, −|a|²/2, 1) · (b, 1, −|b|²/2), to about 1e-6 of the squared lengths. What
 * rounding took from a computed row, r, adds (r, −r · (a + r/2), 0) · (b, 1, −|b|²/2).
 *
 * @param rows [B, width] of the space. Consumed
 */
export function compare(
  rows: np.Array,
  bandwidth: number,
  reference: Reference<np.Array>,
  { group, computed = false }: Comparison = {},
): Compared {
  const steps = rows.mul(STEPS / bandwidth);
  const scaled = np.floor(steps.ref.add(0.5)).div(STEPS);
  const half = np.sum(scaled.ref.mul(scaled.ref), 1, { keepdims: true }).mul(0.5); // [B, 1]
  const rounding = computed ? ((rows.shape[1] as number) * (0.5 / STEPS) ** 2) / 2 : 0;
  const least = half.ref.mul(2).add(1).mul(-EQUAL).sub(rounding);
  const one = half.ref.mul(0).add(1);
  const wide = np.concatenate([scaled.ref, half.neg(), one], 1);
  let left: np.Array | undefined;
  if (computed) {
    const rest = steps.div(STEPS).sub(scaled.ref);
    const own = np.sum(rest.ref.mul(scaled.add(rest.ref.mul(0.5))), 1, { keepdims: true }).neg();
    left = np.concatenate([rest, own.ref, own.mul(0)], 1);
  } else {
    steps.dispose();
    scaled.dispose();
  }
  const sides = left ? np.stack([wide, left], 1) : wide; // [B, 2, width + 2]
  const [axis, keepdims] = group === undefined ? [1, true] : [2, false];
  const pairs = reference.map((part) => {
    const count = part.shape[1] as number;
    const grouped = (each: np.Array): np.Array =>
      group === undefined ? each : each.reshape([-1, count / group, group]);
    const product = np.matmul(sides.ref, part.ref);
    const all = computed ? np.sum(product, 1) : product; // [B, m]
    const isCopy = np.greater(all.ref, least.ref);
    const logs = np.where(isCopy.ref, -FAR, all);
    return {
      logs,
      nearest: np.max(grouped(logs.ref), axis, { keepdims }),
      copies: np.sum(grouped(isCopy.astype(np.float32)), axis, { keepdims }),
    };
  });
  sides.dispose();
  least.dispose();
  return {
    logs: pairs.map(({ logs }) => logs),
    nearest: pairs.map(({ nearest }) => nearest),
    copies: pairs.map(({ copies }) => copies),
  };
}

/** The same once more, for another use. */
export const sharedRows = ({ logs, nearest, copies }: Compared): Compared => ({
  logs: logs.map((each) => each.ref),
  nearest: nearest.map((each) => each.ref),
  copies: copies.map((each) => each.ref),
});

const joined = (arrays: readonly np.Array[]): np.Array =>
  arrays.length === 1 ? arrays[0]! : np.concatenate([...arrays], 1);

/** Equal reference rows in all groups, [B, 1]. Borrows its argument. */
const allCopies = ({ copies }: Compared): np.Array =>
  np.sum(joined(copies.map((each) => each.ref)), 1, { keepdims: true });

/**
 * −log (1/m) Σ_j exp(−|x − t_j|² / 2h²), [B]: the kernel density without its constant factor. One of the reference rows
 * that equal a row is the row itself, and does not count: a row that was trained on is judged as any other.
 *
 * @param count m, all reference rows
 */
export function kernelScore(compared: Compared, count: number): np.Array {
  const own = allCopies(compared);
  const others = np.minimum(own.ref, 1).neg().add(count);
  const equal = np.maximum(own.ref.sub(1), 0);
  // equal rows have −d²/2h² = 0, the largest there is
  const nearest = np.max(joined(compared.nearest), 1, { keepdims: true });
  const most = np.where(np.greater(own, 1.5), 0, nearest);
  const sums = compared.logs.map((each) => np.sum(np.exp(each.sub(most.ref)), 1, { keepdims: true }));
  const sum = sums.reduce((all, each) => all.add(each)).add(equal);
  for (const each of compared.copies) each.dispose();
  return log(others).sub(log(sum).add(most)).reshape([-1]);
}

/**
 * The mean over the groups of the distance to the nearest row of each, [B]: with k groups about the distance to the k-th
 * neighbour. A row itself does not count.
 *
 * Source: Pang, Ting, Albrecht 2015, "LeSiNN: Detecting anomalies by identifying least similar nearest neighbours".
 */
export function neighbourScore(compared: Compared, bandwidth: number): np.Array {
  const repeats = np.greater(allCopies(compared), 1.5);
  const isThere = np.logicalAnd(np.greater(joined(compared.copies), 0.5), repeats); // [B, groups]
  const nearest = np.sqrt(np.maximum(joined(compared.nearest).mul(-2), 0));
  for (const each of compared.logs) each.dispose();
  return np.mean(np.where(isThere, 0, nearest), 1).mul(bandwidth);
}
