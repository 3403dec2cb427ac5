import { numpy as np, vjp } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { sizeOf } from "../layer.js";
import { solve } from "../math/linalg.js";
import { evaluate, outShape } from "./evaluate.js";
import type { OrdinaryNetwork } from "./ordinary.js";

export type LevelSetOptions = {
  /** Largest difference from what is wanted that is left alone. Default 1e-3. */
  tolerance?: number;
  /** Steps at most. Default 20. */
  steps?: number;
};

/**
 * Items near given ones that an ordinary network f maps to y: steps of Gauss and Newton,
 *
 *     x ← x + Jᵀ (J Jᵀ)⁻¹ (y − f(x)),   J = ∂f/∂x,
 *
 * each the shortest that is right to first order. Draws of a stochastic inverse hit y only as well as it was
 * learnt; this puts them onto the level set, and leaves those that lie there as they are. J has a row for
 * every number of f(x), so it is for results of some tens of numbers.
 *
 * @param items one after the other, each of `network.inShape`
 * @param wanted y for each of them
 * @throws ShapeError where there is not one y an item
 */
export async function ontoLevelSet(
  network: OrdinaryNetwork,
  items: Float32Array,
  wanted: Float32Array,
  { tolerance = 1e-3, steps = 20 }: LevelSetOptions = {},
): Promise<Float32Array> {
  const n = sizeOf(network.inShape);
  const m = sizeOf(outShape(network.layers, network.inShape));
  const count = items.length / n;
  if (wanted.length !== count * m)
    throw new ShapeError(`ontoLevelSet: ${count} items with results of ${m}, got ${wanted.length} numbers`);
  const x = Float32Array.from(items);
  for (let step = 0; step < steps; step++) {
    const batch = np.array(x.slice()).reshape([count, ...network.inShape]);
    const [y, back] = vjp((z: np.Array) => evaluate(network, z).reshape([count, m]), [batch]);
    const missing = (await y.data()).map((value, i) => wanted[i]! - value);
    if (missing.every((value) => Math.abs(value) <= tolerance)) {
      back.dispose();
      break;
    }
    const rows: Float32Array[] = [];
    for (let i = 0; i < m; i++) {
      const one = Float32Array.from({ length: count * m }, (_, at) => (at % m === i ? 1 : 0));
      const [gradient] = back(np.array(one).reshape([count, m]));
      rows.push((await gradient.data()) as Float32Array);
    }
    back.dispose();
    for (let k = 0; k < count; k++)
      move(
        x.subarray(k * n, (k + 1) * n),
        rows.map((row) => row.subarray(k * n, (k + 1) * n)),
        missing.subarray(k * m, (k + 1) * m),
      );
  }
  return x;
}

/** Jacobians without full rank get this part of their largest diagonal entry added. */
const RIDGE = 1e-6;

/** x ← x + Jᵀ (J Jᵀ)⁻¹ r */
function move(x: Float32Array, jacobian: readonly Float32Array[], missing: ArrayLike<number>): void {
  const m = jacobian.length;
  const gram = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let p = 0; p < x.length; p++) dot += jacobian[i]![p]! * jacobian[j]![p]!;
      gram[i * m + j] = dot;
      gram[j * m + i] = dot;
    }
  const largest = gram.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return;
  for (let i = 0; i < m; i++) gram[i * m + i]! += RIDGE * largest;
  const weights = solve({ rows: m, columns: m, data: gram }, Float64Array.from(missing));
  for (let i = 0; i < m; i++) for (let p = 0; p < x.length; p++) x[p]! += weights[i]! * jacobian[i]![p]!;
}
