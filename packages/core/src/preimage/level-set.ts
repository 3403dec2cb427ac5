import { ShapeError } from "../errors.js";
import type { ExamplesIn } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { jaxExecutor } from "../executor/jax-executor.js";
import { numbersOf } from "../nested-numbers.js";
import type { OrdinaryNetwork } from "../network/network.js";
import { type LinearizedNetwork, linearized } from "./linearized.js";
import { shortestWays } from "./shortest-way.js";

export type LevelSetOptions = {
  /** Largest accepted difference from the wanted outputs. Default 1e-3. */
  tolerance?: number;
  /** Most steps. Default 50. */
  steps?: number;
};

/**
 * Moves examples to nearby ones that an ordinary network f maps to y, by Levenberg–Marquardt steps
 *
 *     x ← x + Jᵀ (J Jᵀ + λ I)⁻¹ (y − f(x)),   J = ∂f/∂x,
 *
 * each about the shortest step that is correct to first order. λ decreases after a step that improves the outputs, and
 * increases after one that does not, for example across a kink of f. Samples of a stochastic inverse match y only as
 * well as it was trained; this moves them to the level set, and does not change those already on it. An example that no
 * step improves stays unchanged. A step computes J by rows, or by columns if there are fewer; if both are many, it uses
 * conjugate gradients.
 *
 * @param examples one after another, each of `network.inShape`
 * @param wanted y for each of them
 * @param options.executor computes f and J; default jax-js
 * @throws ShapeError unless there is one y per example
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

/** Examples, and the largest difference of each one's outputs from the wanted ones. */
export type Moved = Readonly<{ examples: Float32Array; missing: Float64Array }>;

/** `ontoLevelSet` for a compiled network. */
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
      `ontoLevelSet: expected ${count} results of ${m} numbers, got ${wanted.length} numbers`,
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
    // no step if the outputs already match
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

/** The first ridge, as a share of the largest squared length of a row of J. */
const RIDGE = 1e-6;

/** Largest ridge: beyond it steps are too short to make progress. */
const STUCK = 1e3;
