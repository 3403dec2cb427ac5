import { ShapeError } from "../errors.js";
import type { Executor } from "../executor.js";
import { jaxExecutor } from "../jax-executor.js";
import { solve } from "../math/linalg.js";
import { type LinearizedNetwork, linearized } from "./linearized.js";
import type { OrdinaryNetwork } from "./ordinary.js";

export type LevelSetOptions = {
  /** Largest difference from what is wanted that is left alone. Default 1e-3. */
  tolerance?: number;
  /** Steps at most. Default 50. */
  steps?: number;
};

/**
 * Items near given ones that an ordinary network f maps to y: steps of Levenberg and Marquardt,
 *
 *     x ← x + Jᵀ (J Jᵀ + λ I)⁻¹ (y − f(x)),   J = ∂f/∂x,
 *
 * each about the shortest that is right to first order; λ falls where a step leads nearer, and grows where it
 * does not, over a kink of f. Draws of a stochastic inverse hit y only as well as it was learnt; this puts them
 * onto the level set, and leaves those that lie there as they are. An item that no step brings nearer stays
 * where it is. A step computes J row by row, or column by column where it has fewer: where both are more than 256,
 * items are not moved.
 *
 * @param items one after the other, each of `network.inShape`
 * @param wanted y for each of them
 * @param options.executor computes f and J; default jax-js
 * @throws ShapeError where there is not one y an item
 */
export async function ontoLevelSet(
  network: OrdinaryNetwork,
  items: Float32Array,
  wanted: Float32Array,
  { executor = jaxExecutor(), ...options }: LevelSetOptions & { executor?: Executor } = {},
): Promise<Float32Array> {
  const f = linearized(network, executor);
  try {
    return (await towardsLevelSet(f, items, wanted, options)).items;
  } finally {
    await f.dispose();
  }
}

/** Items, and of each the largest difference of its results from what is wanted. */
export type Moved = Readonly<{ items: Float32Array; missing: Float64Array }>;

/** `ontoLevelSet` of a network that is compiled. */
export async function towardsLevelSet(
  f: LinearizedNetwork,
  items: Float32Array,
  wanted: Float32Array,
  { tolerance = 1e-3, steps = 50 }: LevelSetOptions = {},
): Promise<Moved> {
  const { inSize: n, outSize: m } = f;
  const count = items.length / n;
  if (wanted.length !== count * m)
    throw new ShapeError(`ontoLevelSet: ${count} items with results of ${m}, got ${wanted.length} numbers`);
  const x = Float32Array.from(items);
  const ways = new Float32Array(x.length); // from x to what is tried next
  const states = Array.from(
    { length: count },
    (): State => ({ ridge: RIDGE, slopes: [], left: new Float64Array(m) }),
  );
  const missingOf = (y: Float32Array): Float64Array => Float64Array.from(y, (value, i) => wanted[i]! - value);
  const far = (values: Float64Array): boolean => values.some((value) => !(Math.abs(value) <= tolerance));
  const most = Math.min(n, m) > WIDEST ? 0 : steps;
  for (let step = 0; step <= most; step++) {
    const tried = x.map((value, i) => value + ways[i]!);
    const { y, slopes } = await f.at(tried, (results) => step < most && far(missingOf(results)));
    const missing = missingOf(y);
    states.forEach((state, k) => {
      const left = missing.subarray(k * m, (k + 1) * m);
      if (step === 0 || Math.hypot(...left) < Math.hypot(...state.left)) {
        x.set(tried.subarray(k * n, (k + 1) * n), k * n);
        state.left = left;
        state.slopes = slopes.map((all) =>
          all.subarray((k * all.length) / count, ((k + 1) * all.length) / count),
        );
        state.ridge /= 4;
      } else state.ridge = Math.max(state.ridge * 8, RIDGE);
      shortestWay(ways.subarray(k * n, (k + 1) * n), state);
    });
    if (slopes.length === 0 || states.every(({ ridge, left }) => ridge > STUCK || !far(left))) break;
  }
  const largest = states.map(({ left }) => left.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return { items: x, missing: Float64Array.from(largest) };
}

/** Where an item is: what is missing there, J by the smaller of its sides, and the ridge of the next step. */
type State = { ridge: number; slopes: readonly Float32Array[]; left: Float64Array };

/** Rows or columns of a J that is computed, whichever are fewer. */
const WIDEST = 256;

/** The first ridge, as a part of the largest squared length of a row of J. */
const RIDGE = 1e-6;

/** With a larger one steps are so short that they lead nowhere. */
const STUCK = 1e3;

/** Jᵀ (J Jᵀ + λ I)⁻¹ r = (Jᵀ J + λ I)⁻¹ Jᵀ r, into `way`: by the smaller of the two matrices. */
function shortestWay(way: Float32Array, { ridge, slopes, left }: State): void {
  way.fill(0);
  const side = slopes.length;
  const gram = new Float64Array(side * side);
  for (let i = 0; i < side; i++)
    for (let j = 0; j <= i; j++) {
      const product = dot(slopes[i]!, slopes[j]!);
      gram[i * side + j] = product;
      gram[j * side + i] = product;
    }
  const largest = gram.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return;
  for (let i = 0; i < side; i++) gram[i * side + i]! += ridge * largest;
  const solved = (r: Float64Array): Float64Array => solve({ rows: side, columns: side, data: gram }, r);
  if (left.length > way.length) way.set(solved(Float64Array.from(slopes, (column) => dot(column, left))));
  else
    for (const [i, weight] of solved(left).entries())
      for (let p = 0; p < way.length; p++) way[p]! += weight * slopes[i]![p]!;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
