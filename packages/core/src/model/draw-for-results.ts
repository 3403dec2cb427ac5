import { numpy as np } from "@jax-js/jax";
import { sizeOf } from "../layer.js";
import { evaluate } from "../network/evaluate.js";
import { ontoLevelSet } from "../network/level-set.js";
import type { OrdinaryNetwork } from "../network/ordinary.js";
import type { DrawOptions, FlowModel } from "./model.js";

/** Largest difference from what is wanted that is left alone. */
const TOLERANCE = 1e-4;

/** Temperatures of further tries, as parts of the one that was asked for. */
const COOLER = [1, 0.5, 0.25, 0];

/**
 * Inputs that a network maps to wanted results: draws of the stochastic inverse of its flow, each moved onto
 * the level set of f (`ontoLevelSet`). Those that cannot be, far from all data, are drawn again, cooler.
 *
 * @param model the flow of the network alone, whose latents are its results
 * @param wanted results, one after the other, one for each input
 */
export async function drawForResults(
  model: FlowModel,
  network: OrdinaryNetwork,
  wanted: Float32Array,
  { seed = 0, temperature = 1 }: Omit<DrawOptions, "mode"> = {},
): Promise<Float32Array> {
  const n = sizeOf(network.inShape);
  const m = sizeOf(model.flow.latentShape);
  const count = wanted.length / m;
  const best = new Float32Array(count * n);
  const missed = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (const [attempt, factor] of COOLER.entries()) {
    const draws = { seed: seed * COOLER.length + attempt, temperature: temperature * factor };
    const drawn = await model.decode(wanted, { ...draws, mode: factor === 0 ? "mean" : "sample" });
    const moved = await ontoLevelSet(network, drawn, wanted, { tolerance: TOLERANCE });
    const y = await evaluate(network, np.array(moved.slice()).reshape([count, ...network.inShape])).data();
    for (let k = 0; k < count; k++) {
      let far = 0;
      for (let i = k * m; i < (k + 1) * m; i++) far = Math.max(far, Math.abs(y[i]! - wanted[i]!));
      if (!(far < missed[k]!) || missed[k]! <= TOLERANCE) continue;
      missed[k] = far;
      best.set(moved.subarray(k * n, (k + 1) * n), k * n);
    }
    if (missed.every((far) => far <= TOLERANCE)) break;
  }
  return best;
}
