import { numpy as np } from "@jax-js/jax";
import { linksOf } from "../chain.js";
import { NotFiniteError } from "../errors.js";
import type { Flow, FlowParams } from "../flow.js";
import { nth } from "../lists.js";
import { sumExamples } from "../math/numerics.js";
import type { NoiseTree } from "../noise.js";
import type { HostArray } from "../params/host-array.js";

/**
 * One number for every line of the ledger and every example, [K + 1, B], that is finite exactly where all
 * that the layer gives is: a sum of absolute values scaled so that it does not overflow by itself.
 */
export function makeHealth(flow: Flow) {
  return (params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): np.Array => {
    let z = x;
    const tiny = (a: np.Array): np.Array => sumExamples(np.absolute(a).mul(1e-20));
    const { links, terms } = linksOf(flow.chain, params, noise, condition, "forward");
    const readings = links.map(([layer, own, drawn, c]) => {
      const step = layer.forward(own, z, drawn, c);
      z = step.z;
      return tiny(z.ref).add(tiny(step.contribution));
    });
    return np.stack([...readings, ...[...terms, flow.base.logProb(z)].map(tiny)], 0);
  };
}

/** What is not finite first: a layer (or the base) with the number of an example, or the gradient of a layer. */
export type Culprit = Readonly<{ layer: string; example?: number }>;

/** The first layer of the readings of `makeHealth` that is not finite, and its first example. */
export function nonFiniteLayer({ ledgerLines }: Flow, { data, shape }: HostArray): Culprit | undefined {
  const first = data.findIndex((reading) => !Number.isFinite(reading));
  if (first < 0) return undefined;
  const examples = nth(shape, 1);
  return { layer: ledgerLines[Math.floor(first / examples)]?.layer as string, example: first % examples };
}

/**
 * The layer whose gradient is not finite: what is wrong with it goes on to all layers before it, so it is the
 * last one. Paths begin with the number of the layer.
 */
export function nonFiniteGradient(
  { ledgerLines, chain }: Flow,
  gradients: { [path: string]: HostArray },
): Culprit {
  const nonFinite = Object.entries(gradients).flatMap(([path, { data }]) =>
    data.every(Number.isFinite) ? [] : [Number.parseInt(path, 10)],
  );
  if (nonFinite.length === 0) return { layer: "gradient" };
  const last = Math.max(...nonFinite);
  const name = last < chain.layers.length ? ledgerLines[last]?.layer : "the embedding of the condition";
  return { layer: `gradient of ${name}` };
}

/** The error of a step whose loss, gradient or (where that is looked at) output of a layer is not finite. */
export function stepNotFinite(
  step: number,
  { layer, example }: Culprit,
  got?: { loss: number; gradNorm: number },
): NotFiniteError {
  const figures = got ? `the loss is ${got.loss}, the norm of its gradient ${got.gradNorm}; ` : "";
  const where = example === undefined ? "" : `, at example ${example} of the batch`;
  return new NotFiniteError(
    step,
    layer,
    `step ${step}: ${figures}the first that is not finite is ${layer}${where}. A smaller learning rate may help`,
  );
}

/** A step can ruin what its own loss did not show: no state leaves the trainer with NaN or Infinity in it. */
export function expectFinite(arrays: { readonly [name: string]: HostArray }, step: number): void {
  for (const [name, { data }] of Object.entries(arrays))
    for (const value of data)
      if (!Number.isFinite(value))
        throw new NotFiniteError(
          step,
          name,
          `step ${step}: ${name} holds ${value} after it. A smaller learning rate may help`,
        );
}
