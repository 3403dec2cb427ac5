import { numpy as np } from "@jax-js/jax";
import { type Base, standardNormal } from "./base.js";
import { type ChainLayer, chain, type Embedding, layerLabel, linksOf } from "./chain.js";
import { ShapeError } from "./errors.js";
import type { ExampleDomain } from "./examples.js";
import type { ArrayTree, FlowLayer } from "./layer.js";
import { type Likelihood, likelihoodsOf, weakest } from "./mass.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";
import * as o from "./options.js";
import type { ParameterKinds } from "./params/parameter-paths.js";
import { type Shape, sameShape, showShape, sizeOf } from "./shape.js";

/** Parameters of a flow: one entry per layer. */
export type FlowParams = ArrayTree[];

/** One line of the ledger: the layer of a contribution, and what its likelihood is. */
type LedgerLine = Readonly<{ layer: string; likelihood: Likelihood; exact: boolean }>;

/**
 * A density: layers and a base. All functions are pure and can be differentiated and jitted by jax-js. They consume
 * their arguments, as layers do.
 */
export type Flow = Readonly<{
  /** The layers, with nested chains flattened. */
  chain: ChainLayer;
  base: Base;
  inShape: Shape;
  latentShape: Shape;
  /** What `logProb` is: exact, a lower bound in expectation over the noise, or less than all of the mass. */
  likelihood: Likelihood;
  /** True if `likelihood` is exact. */
  exact: boolean;
  /** Noise of `logProb`, `encode` and `ledger`; of `decode`; of a sample from the base. */
  forwardNoise: NoiseSpec;
  inverseNoise: NoiseSpec;
  baseNoise: NoiseSpec;
  parameterKinds: ParameterKinds;
  /** Requirements for an example, for checks of data, and for its condition, where the flow has one. */
  domain: ExampleDomain;
  condition?: ExampleDomain;
  /** Numbers in one example: the n of bits per dimension. */
  dimensions: number;
  init(key: np.Array): FlowParams;
  /** log p(x) in nats, [B]: log p_Z(z_K) + Σ L_k. With a condition c [B, …], here and below: log p(x | c). */
  logProb(params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): np.Array;
  /** x ↦ z_K, [B, …latentShape]. */
  encode(params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): np.Array;
  /** z_K ↦ x, a sample of the stochastic inverse. */
  decode(params: FlowParams, z: np.Array, noise: NoiseTree, condition?: np.Array): np.Array;
  /**
   * The terms of `logProb`: [B, K + 1], a column for every layer and the last for the base; before it those of a condition
   * that is computed from x.
   * `ledgerLines` names the columns.
   */
  ledger(params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): np.Array;
  ledgerLines: readonly LedgerLine[];
}>;

const lineOf = (name: string, own: Likelihood): LedgerLine => ({
  layer: name,
  likelihood: own,
  exact: own === "exact",
});

/**
 * A flow from layers (applied in order) and a base density (default: standard normal). With a condition it goes through
 * `embedding`, and on to the layers that take one; without an embedding as it is.
 *
 * Errors: `ShapeError` if neighbours, or the last layer and the base, do not fit.
 *
 * @example
 * ```ts
 * import { flow } from "@flowify/core";
 * import { uniform } from "@flowify/core/layer";
 * import { linear, monotone } from "@flowify/core/layers";
 *
 * const made = flow([linear(5, 2), monotone([2], "sigmoid")], uniform([2]));
 * console.log(made.ledgerLines.map(({ layer }) => layer));
 * // [ 'linear[0]', 'sigmoid[1]', 'uniform' ]
 * ```
 */
export function flow(
  layers: readonly FlowLayer[],
  base?: Base,
  { embedding }: { embedding?: Embedding | undefined } = {},
): Flow {
  const layer = chain(layers, "chain", { embedding });
  const density = base ?? standardNormal(layer.outShape);
  if (!sameShape(density.shape, layer.outShape))
    throw new ShapeError(
      `${density.name}: the base has the shape ${showShape(density.shape)}, the last layer returns ${showShape(layer.outShape)}`,
    );
  const { likelihoods } = likelihoodsOf(layer.layers, density.support);
  const terms = (embedding?.outputs?.lines ?? []).map((name) => lineOf(name, "bound"));
  const likelihood = weakest([...likelihoods, ...terms.map((term) => term.likelihood)]);
  const condition = embedding?.domain ?? (layer.condition && { shape: layer.condition });
  return Object.freeze({
    chain: layer,
    base: density,
    inShape: layer.inShape,
    latentShape: layer.outShape,
    likelihood,
    exact: likelihood === "exact",
    forwardNoise: layer.forwardNoise,
    inverseNoise: layer.inverseNoise,
    baseNoise: density.noise,
    parameterKinds: layer.parameterKinds,
    domain: { shape: layer.inShape, levels: layer.facts.levels },
    ...(condition && { condition }),
    dimensions: sizeOf(layer.inShape),
    init: layer.init,
    logProb(params: FlowParams, x: np.Array, noise: NoiseTree, given?: np.Array) {
      const { z, contribution } = layer.forward(params, x, noise, given);
      return density.logProb(z).add(contribution);
    },
    encode(params: FlowParams, x: np.Array, noise: NoiseTree, given?: np.Array) {
      const { z, contribution } = layer.forward(params, x, noise, given);
      contribution.dispose();
      return z;
    },
    decode: layer.inverse,
    ledger(params: FlowParams, x: np.Array, noise: NoiseTree, given?: np.Array) {
      let z = x;
      const { links, terms } = linksOf(layer, params, noise, given, "forward");
      const columns = links.map(([part, own, drawn, c]) => {
        const step = part.forward(own, z, drawn, c);
        z = step.z;
        return step.contribution;
      });
      return np.stack([...columns, ...terms, density.logProb(z)], 1);
    },
    ledgerLines: [
      ...likelihoods.map((own, i) => lineOf(layerLabel(layer.layers, i), own)),
      ...terms,
      lineOf(density.name, "exact"),
    ],
  });
}

/**
 * Bits per dimension of a log-likelihood in nats: −log p / (n ln 2).
 *
 * @example
 * ```ts
 * import { bitsPerDimension } from "@flowify/core";
 *
 * // a uniform distribution over 256 levels of 784 pixels
 * console.log(bitsPerDimension(-784 * Math.log(256), 784));
 * // 8
 * ```
 */
export function bitsPerDimension(nats: number, dimensions: number): number {
  const schemas = { nats: o.measured, dimensions: o.positive };
  o.checkOptions("bitsPerDimension", schemas, { nats, dimensions }, ["nats", "dimensions"]);
  return -nats / (dimensions * Math.LN2);
}
