import type { FlowModel } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";

export type ConditionalOptions = Readonly<{
  steps: number;
  seed: number;
  onStep?(step: number, accepted: number): void;
}>;

export type ConditionalSamples = Readonly<{
  /** The last states of the chains, one after another; what was not hidden is unchanged. */
  values: Float32Array;
  /** log p of them in nats. */
  logProb: Float64Array;
  /** The share of proposals that the second half of the steps accepted. */
  accepted: number;
}>;

/** The share of accepted proposals at which Langevin chains move fastest (Roberts and Rosenthal 1998). */
const BEST_SHARE = 0.574;

/** The first step size, and how much log of it changes with a proposal. */
const FIRST = 0.1;
const ADAPTATION = 0.1;

/**
 * Samples the hidden entries of examples given the others, p(hidden | visible) ∝ p(x): Metropolis-adjusted Langevin
 * chains, one from each example of `start`. A proposal is
 *
 *     y' = y + ε²/2 ∇ log p(y) + ε n,   n ~ N(0, I),   on the hidden entries alone
 *
 * accepted with probability min(1, p(y') q(y | y') / p(y) q(y' | y)). Each chain finds its ε in the first half of the
 * steps. A flow that is not exact keeps one sample of its noise throughout.
 *
 * @param start examples [n, D], one after another
 * @param hidden D numbers, 1 for an entry to sample
 * Source: Roberts and Tweedie 1996; Roberts and Rosenthal 1998 (step size).
 */
export async function conditionalSamples(
  model: FlowModel,
  start: Float32Array,
  hidden: Uint8Array,
  { steps, seed, onStep }: ConditionalOptions,
): Promise<ConditionalSamples> {
  const size = hidden.length;
  const chains = start.length / size;
  const places = Array.from(hidden.keys()).filter((i) => hidden[i] === 1);
  const rng = makeRng(seed, 1);
  const sizes = new Float64Array(chains).fill(FIRST);
  let values = Float32Array.from(start);
  let { logProb, gradient } = await model.logProbGradient(values, { seed });
  let [accepted, proposed] = [0, 0];
  for (let step = 0; step < steps; step++) {
    const next = Float32Array.from(values);
    for (const [c, epsilon] of sizes.entries())
      for (const i of places)
        next[c * size + i]! += 0.5 * epsilon ** 2 * gradient[c * size + i]! + epsilon * rng.normal();
    const found = await model.logProbGradient(next, { seed });
    const kept = Float32Array.from(values);
    const [keptLog, keptGradient] = [Float64Array.from(logProb), Float32Array.from(gradient)];
    for (const [c, epsilon] of sizes.entries()) {
      let [there, back] = [0, 0]; // squared distances from the means of both proposals
      for (const place of places) {
        const at = c * size + place;
        const moved = next[at]! - values[at]!;
        there += (moved - 0.5 * epsilon ** 2 * gradient[at]!) ** 2;
        back += (-moved - 0.5 * epsilon ** 2 * found.gradient[at]!) ** 2;
      }
      const logThere = valueAt(found.logProb, c);
      const log = logThere - valueAt(logProb, c) + (there - back) / (2 * epsilon ** 2);
      const share = Math.min(1, Math.exp(Math.min(0, log)));
      const taken = rng.uniform() < share;
      if (taken) {
        kept.set(rowOf(next, c, size), c * size);
        keptGradient.set(rowOf(found.gradient, c, size), c * size);
        keptLog[c] = logThere;
      }
      if (2 * step < steps) sizes[c] = epsilon * Math.exp(ADAPTATION * (share - BEST_SHARE));
      else {
        accepted += taken ? 1 : 0;
        proposed++;
      }
    }
    [values, logProb, gradient] = [kept, keptLog, keptGradient];
    onStep?.(step + 1, proposed === 0 ? 0 : accepted / proposed);
  }
  return { values, logProb, accepted: proposed === 0 ? 0 : accepted / proposed };
}
