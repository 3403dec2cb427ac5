import { numpy as np } from "@jax-js/jax";
import { sizeOf } from "../layer.js";
import { evaluate } from "../network/evaluate.js";
import { hasRelu, withLeak } from "../network/leak.js";
import { ontoLevelSet } from "../network/level-set.js";
import type { OrdinaryNetwork } from "../network/ordinary.js";
import type { DrawOptions, FlowModel } from "./model.js";

/** Largest difference from what is wanted that is left alone, by the largest number that is wanted. */
const TOLERANCE = 5e-5;

/** Temperatures of the tries, as parts of the one that was asked for. */
const TRIES = [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0];

/** The slopes below zero on the way to a network without any; on it, a hundred times the difference is left alone. */
const LEAKS = [0.5, 0.2, 0.1, 0.03, 0.01];
const ON_THE_WAY = { slack: 100, steps: 15 };

/**
 * Inputs that a network maps to wanted results: draws of the stochastic inverse of its flow, each moved onto
 * the level set of f (`ontoLevelSet`). From a draw far from all data no steps lead there: ReLUs that are off
 * have no derivative. Then it goes the way over networks with a leak, which is taken back bit by bit; where
 * that fails too, the input is drawn again, later ones cooler.
 *
 * @param model the flow of the network alone, whose latents are its results
 * @param wanted results, one after the other, one for each input
 * @returns the inputs; one that no try has led to its result is the nearest of its tries
 */
export async function drawForResults(
  model: FlowModel,
  network: OrdinaryNetwork,
  wanted: Float32Array,
  { seed = 0, temperature = 1 }: Omit<DrawOptions, "mode"> = {},
): Promise<Float32Array> {
  const n = sizeOf(network.inShape);
  const m = sizeOf(model.flow.latentShape);
  const found = new Float32Array((wanted.length / m) * n);
  const missed = new Float64Array(wanted.length / m).fill(Number.POSITIVE_INFINITY);
  /** Keeps those of the inputs of `open` that come nearer than what was found before. */
  const keep = async (x: Float32Array, open: readonly number[]): Promise<void> => {
    const y = await evaluate(network, np.array(x.slice()).reshape([-1, ...network.inShape])).data();
    for (const [k, item] of open.entries()) {
      let far = 0;
      for (let i = 0; i < m; i++) far = Math.max(far, Math.abs(y[k * m + i]! - wanted[item * m + i]!));
      if (!(far < missed[item]!)) continue;
      missed[item] = far;
      found.set(x.subarray(k * n, (k + 1) * n), item * n);
    }
  };
  const tolerance = TOLERANCE * (wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
  const all = Array.from(missed.keys());
  const canLeak = hasRelu(network.layers);
  for (const [attempt, factor] of TRIES.entries()) {
    const open = filledUp(all.filter((item) => missed[item]! > tolerance));
    if (open.length === 0) break;
    const goals = rowsAt(wanted, m, open);
    const draws = { seed: seed * TRIES.length + attempt, temperature: temperature * factor };
    const drawn = await model.decode(goals, { ...draws, mode: factor === 0 ? "mean" : "sample" });
    await keep(await ontoLevelSet(network, drawn, goals, { tolerance }), open);
    const left = filledUp(open.filter((item) => missed[item]! > tolerance));
    if (left.length === 0 || !canLeak) continue;
    const from = rowsAt(
      drawn,
      n,
      left.map((item) => open.indexOf(item)),
    );
    await keep(await overLeaks(network, from, rowsAt(wanted, m, left), tolerance), left);
  }
  return found;
}

/** Onto the level set of the network by those of the networks with a leak, each from where the last one led. */
async function overLeaks(
  network: OrdinaryNetwork,
  items: Float32Array,
  goals: Float32Array,
  tolerance: number,
): Promise<Float32Array> {
  let x = items;
  const { slack, steps } = ON_THE_WAY;
  for (const slope of LEAKS)
    x = await ontoLevelSet(withLeak(network, slope), x, goals, { tolerance: slack * tolerance, steps });
  return ontoLevelSet(network, x, goals, { tolerance });
}

/** Up to a power of two by repeating the first: a few sizes of batch, each compiled once, serve all. */
function filledUp(items: readonly number[]): number[] {
  if (items.length === 0) return [];
  const size = 2 ** Math.ceil(Math.log2(items.length));
  return Array.from({ length: size }, (_, i) => items[i] ?? items[0]!);
}

/** Some rows of `width` numbers. */
function rowsAt(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const result = new Float32Array(rows.length * width);
  for (const [to, from] of rows.entries())
    result.set(values.subarray(from * width, (from + 1) * width), to * width);
  return result;
}
