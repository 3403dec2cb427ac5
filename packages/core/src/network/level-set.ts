import { numpy as np, vjp } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { sizeOf } from "../layer.js";
import { solve } from "../math/linalg.js";
import { evaluate, outShape } from "./evaluate.js";
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
 * where it is. J has a row for every number of f(x), so it is for results of some tens of numbers.
 *
 * @param items one after the other, each of `network.inShape`
 * @param wanted y for each of them
 * @throws ShapeError where there is not one y an item
 */
export async function ontoLevelSet(
  network: OrdinaryNetwork,
  items: Float32Array,
  wanted: Float32Array,
  { tolerance = 1e-3, steps = 50 }: LevelSetOptions = {},
): Promise<Float32Array> {
  const n = sizeOf(network.inShape);
  const m = sizeOf(outShape(network.layers, network.inShape));
  const count = items.length / n;
  if (wanted.length !== count * m)
    throw new ShapeError(`ontoLevelSet: ${count} items with results of ${m}, got ${wanted.length} numbers`);
  const x = Float32Array.from(items);
  const ways = new Float32Array(x.length); // from x to what is tried next
  const states = Array.from(
    { length: count },
    (): State => ({ ridge: RIDGE, rows: [], left: new Float64Array(m) }),
  );
  for (let step = 0; step <= steps; step++) {
    const tried = x.map((value, i) => value + ways[i]!);
    const { missing, rows } = await linearized(network, tried, wanted, m, tolerance);
    states.forEach((state, k) => {
      const left = missing.subarray(k * m, (k + 1) * m);
      if (step === 0 || Math.hypot(...left) < Math.hypot(...state.left)) {
        x.set(tried.subarray(k * n, (k + 1) * n), k * n);
        state.left = left;
        state.rows = rows.map((row) => row.subarray(k * n, (k + 1) * n));
        state.ridge /= 4;
      } else state.ridge = Math.max(state.ridge * 8, RIDGE);
      shortestWay(ways.subarray(k * n, (k + 1) * n), state);
    });
    const settled = ({ ridge, left }: State): boolean =>
      ridge > STUCK || left.every((value) => Math.abs(value) <= tolerance);
    if (rows.length === 0 || states.every(settled)) break;
  }
  return x;
}

/** Where an item is: what is missing there, the rows of J, and the ridge of the next step. */
type State = { ridge: number; rows: readonly Float32Array[]; left: Float64Array };

/** What is missing, y − f(x), and the rows of J; no rows where nothing is missing. */
async function linearized(
  network: OrdinaryNetwork,
  x: Float32Array<ArrayBuffer>,
  wanted: Float32Array,
  m: number,
  tolerance: number,
): Promise<{ missing: Float64Array; rows: Float32Array[] }> {
  const count = wanted.length / m;
  const batch = np.array(x).reshape([count, ...network.inShape]);
  const [y, back] = vjp((z: np.Array) => evaluate(network, z).reshape([count, m]), [batch]);
  const missing = Float64Array.from(await y.data(), (value, i) => wanted[i]! - value);
  const rows: Float32Array[] = [];
  if (missing.some((value) => !(Math.abs(value) <= tolerance)))
    for (let i = 0; i < m; i++) {
      const one = Float32Array.from({ length: count * m }, (_, at) => (at % m === i ? 1 : 0));
      const [gradient] = back(np.array(one).reshape([count, m]));
      rows.push((await gradient.data()) as Float32Array);
    }
  back.dispose();
  return { missing, rows };
}

/** The first ridge, as a part of the largest squared length of a row of J. */
const RIDGE = 1e-6;

/** With a larger one steps are so short that they lead nowhere. */
const STUCK = 1e3;

/** Jᵀ (J Jᵀ + λ I)⁻¹ r, into `way`. */
function shortestWay(way: Float32Array, { ridge, rows, left }: State): void {
  way.fill(0);
  const m = rows.length;
  const gram = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let p = 0; p < way.length; p++) dot += rows[i]![p]! * rows[j]![p]!;
      gram[i * m + j] = dot;
      gram[j * m + i] = dot;
    }
  const largest = gram.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return;
  for (let i = 0; i < m; i++) gram[i * m + i]! += ridge * largest;
  const weights = solve({ rows: m, columns: m, data: gram }, left);
  for (let i = 0; i < m; i++) for (let p = 0; p < way.length; p++) way[p]! += weights[i]! * rows[i]![p]!;
}
