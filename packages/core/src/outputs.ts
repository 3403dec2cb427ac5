import { type numpy as np, tree } from "@jax-js/jax";
import type { Base } from "./base.js";
import { type ChainLayer, initChain, type OutputStep } from "./chain.js";
import { DomainError, ShapeError } from "./errors.js";
import { calibrationData } from "./init/calibration-data.js";
import type { ArrayTree } from "./layer.js";
import { standardNormalLogDensity, sumExamples } from "./math/numerics.js";
import type { DenseParams } from "./nn/mlp.js";
import type { NoiseTree } from "./noise.js";
import type { HostArray } from "./params/host-array.js";

/** The density of the outputs, a flow, and a: the standard deviation of their noise in units of the spread of each. */
export type OutputDensity = Readonly<{
  flow: Readonly<{
    chain: ChainLayer;
    base: Base;
    logProb(params: ArrayTree[], x: np.Array, noise: NoiseTree): np.Array;
  }>;
  noise: number;
}>;

/** Mean and log-std of each column. */
export type Scales = { mean: np.Array; logStd: np.Array };

/** How a condition is standardized, and what layers see of it then. */
type Seen = Readonly<{
  standardize(scales: Scales, condition: np.Array): np.Array;
  apply(network: DenseParams[], standardized: np.Array): np.Array;
}>;

/** Parameters of the embedding around the step: its own, and those of the density. */
type OutputParams = Scales & { network: DenseParams[]; outputs: ArrayTree[] };

/** Stream of random numbers of the start. */
const START = 31;

/**
 * The step of a condition that is computed from x: noise is added to its standardized numbers u, and log p(u) is that of a flow. The
 * scale of u cancels between both terms.
 *
 * Errors: `ShapeError` for a flow of other numbers, `DomainError` for noise that is not positive.
 */
export function outputStep(length: number, { flow, noise: a }: OutputDensity, seen: Seen): OutputStep {
  const { chain, base } = flow;
  if (chain.inShape.join() !== String(length))
    throw new ShapeError(
      `outputs: the density takes [${chain.inShape.join(", ")}], the condition has ${length} numbers`,
    );
  if (!(a > 0 && a < Number.POSITIVE_INFINITY))
    throw new DomainError(`outputs: expected a positive noise, got ${a}`);
  return {
    forwardNoise: { added: { shape: [length], distribution: "normal" }, inner: chain.forwardNoise },
    inverseNoise: { base: base.noise, inner: chain.inverseNoise },
    lines: ["outputs", "noise of outputs"],
    observe(
      { outputs, network, ...scales }: OutputParams,
      condition,
      { added, inner }: { added: np.Array; inner: NoiseTree },
    ) {
      const u = seen.standardize(scales, condition).add(added.ref.mul(a));
      const log = flow.logProb(outputs, u.ref, inner);
      const logNoise = sumExamples(standardNormalLogDensity(added)).sub(length * Math.log(a));
      return { seen: seen.apply(network, u), terms: [log, logNoise.neg()] };
    },
    draw(
      { outputs, network, ...scales }: OutputParams,
      { base: drawn, inner }: { base: NoiseTree; inner: NoiseTree },
    ) {
      tree.dispose(scales);
      return seen.apply(network, chain.inverse(outputs, base.draw(drawn), inner));
    },
  };
}

/** Initial values of the density from conditions [n, m], standardized, with noise. Consumes the key. */
export function startOutputs(
  { flow: { chain }, noise: a }: OutputDensity,
  key: np.Array,
  conditions: HostArray,
  standardize: (condition: np.Array) => np.Array,
): Promise<ArrayTree[]> {
  const rows = calibrationData(conditions).map(
    chain.inShape,
    (c, added) => standardize(c).add((added as np.Array).mul(a)),
    { noise: { shape: chain.inShape, distribution: "normal" }, seed: START },
  );
  return initChain(chain, key, rows);
}
