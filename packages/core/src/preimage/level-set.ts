import { ShapeError } from "../errors.js";
import type { ExamplesIn } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { jaxExecutor } from "../executor/jax-executor.js";
import { numbersOf } from "../nested-numbers.js";
import type { OrdinaryNetwork } from "../network/network.js";
import { type LinearizedNetwork, linearized } from "./linearized.js";
import { shortestWays } from "./shortest-way.js";

export type LevelSetOptions = {
  /** Largest difference from what is wanted that is left alone. Default 1e-3. */
  tolerance?: number;
  /** Steps at most. Default 50. */
  steps?: number;
};

/**
 * Examples near given ones that an ordinary network f maps to y: steps of Levenberg and Marquardt,
 *
 *     x ← x + Jᵀ (J Jᵀ + λ I)⁻¹ (y − f(x)),   J = ∂f/∂x,
 *
 * each about the shortest that is right to first order; λ falls where a step leads nearer, and grows where it
 * does not, over a kink of f. Draws of a stochastic inverse hit y only as well as it was learnt; this puts them
 * onto the level set, and leaves those that lie there as they are. An example that no step brings nearer stays
 * where it is. A step computes J row by row, or column by column where it has fewer; where both are many, its way is
 * found by conjugate gradients.
 *
 * @param examples one after the other, each of `network.inShape`
 * @param wanted y for each of them
 * @param options.executor computes f and J; default jax-js
 * @throws ShapeError where there is not one y an example
 */
export async function ontoLevelSet(
  network: OrdinaryNetwork,
  examples: ExamplesIn,
  wanted: ExamplesIn,
  { executor = jaxExecutor(), ...options }: LevelSetOptions & { executor?: Executor } = {},
): Promise<Float32Array> {
  const f = linearized(network, executor);
  try {
    return (await towardsLevelSet(f, numbersOf(examples), numbersOf(wanted), options)).examples;
  } finally {
    await f.dispose();
  }
}

/** Examples, and of each the largest difference of its results from what is wanted. */
export type Moved = Readonly<{ examples: Float32Array; missing: Float64Array }>;

/** `ontoLevelSet` of a network that is compiled. */
export async function towardsLevelSet(
  f: LinearizedNetwork,
  examples: Float32Array,
  wanted: Float32Array,
  { tolerance = 1e-3, steps = 50 }: LevelSetOptions = {},
): Promise<Moved> {
  const { inSize: n, outSize: m } = f;
  const count = examples.length / n;
  if (wanted.length !== count * m)
    throw new ShapeError(
      `ontoLevelSet: ${count} examples with results of ${m}, got ${wanted.length} numbers`,
    );
  const x = Float32Array.from(examples);
  const left = new Float64Array(wanted.length);
  const ridges = new Array<number>(count).fill(RIDGE);
  const isFar = (k: number): boolean =>
    left.subarray(k * m, (k + 1) * m).some((value) => !(Math.abs(value) <= tolerance));
  let tried = x;
  for (let step = 0; ; step++) {
    const y = await f.values(tried);
    for (let k = 0; k < count; k++) {
      const [from, to] = [k * m, (k + 1) * m];
      const missing = Float64Array.from(y.subarray(from, to), (value, i) => wanted[from + i]! - value);
      if (step === 0 || square(missing) < square(left.subarray(from, to))) {
        x.set(tried.subarray(k * n, (k + 1) * n), k * n);
        left.set(missing, from);
        ridges[k]! /= 4;
      } else ridges[k] = Math.max(ridges[k]! * 8, RIDGE);
    }
    const goesOn = ridges.map((ridge, k) => ridge <= STUCK && isFar(k));
    if (step === steps || !goesOn.includes(true)) break;
    // where nothing is missing there is no way
    const still = left.map((value, i) => (goesOn[Math.floor(i / m)] ? value : 0));
    const ways = await shortestWays(f, { x, left: still, ridges });
    tried = x.map((value, i) => value + ways[i]!);
  }
  const missing = ridges.map((_, k) =>
    left.subarray(k * m, (k + 1) * m).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  return { examples: x, missing: Float64Array.from(missing) };
}

const square = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

/** The first ridge, as a part of the largest squared length of a row of J. */
const RIDGE = 1e-6;

/** With a larger one steps are so short that they lead nowhere. */
const STUCK = 1e3;
