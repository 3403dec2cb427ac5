import { isChain } from "./chain.js";
import type { FlowLayer } from "./layer.js";

/**
 * What a likelihood is: `exact`; a `bound`, below log p in expectation over the noise; or one that `loses mass`:
 * exp(log p), or its mean over the noise, then integrates to less than 1.
 */
export type Likelihood = "exact" | "bound" | "loses mass";

/** An interval that every entry of a density's support lies in. */
export type Interval = readonly [low: number, high: number];

/** All numbers. */
const LINE: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

const within = ([low, high]: Interval, [from, to]: Interval): boolean => low >= from && high <= to;

/** The likelihood of a layer in front of a density on `support`, and the support of both together, as far as it is known. */
function inFrontOf(layer: FlowLayer, support: Interval): { likelihood: Likelihood; support: Interval } {
  if (isChain(layer)) {
    const { likelihoods, support: before } = likelihoodsOf(layer.layers, support);
    return { likelihood: weakest(likelihoods), support: before };
  }
  const {
    exact,
    facts: { image, partial, permutes },
  } = layer;
  const parts = (layer as { parts?: readonly FlowLayer[] }).parts ?? [];
  const inside = weakest(parts.map((part) => inFrontOf(part, LINE).likelihood));
  // noise that makes numbers of levels is a bound on their probabilities, whatever lies outside
  const lost = partial === true || (exact && image !== undefined && !within(support, image));
  const likelihood = lost ? "loses mass" : weakest([exact ? "exact" : "bound", inside]);
  return { likelihood, support: permutes ? support : LINE };
}

/** The likelihood of each layer of a flow whose base has this support. */
export function likelihoodsOf(
  layers: readonly FlowLayer[],
  support: Interval = LINE,
): { likelihoods: readonly Likelihood[]; support: Interval } {
  const likelihoods: Likelihood[] = [];
  let after = support;
  for (const layer of [...layers].reverse()) {
    const found = inFrontOf(layer, after);
    likelihoods.unshift(found.likelihood);
    after = found.support;
  }
  return { likelihoods, support: after };
}

/** The likelihood of a sum of contributions. */
export const weakest = (all: readonly Likelihood[]): Likelihood =>
  (["loses mass", "bound"] as const).find((each) => all.includes(each)) ?? "exact";
