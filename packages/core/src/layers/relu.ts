import { numpy as np } from "@jax-js/jax";
import { DomainError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { named, nth } from "../lists.js";
import { sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

/** For every channel [C]: log a, the scale of the noise that stands for what is cut off, and log b, that of its sizes. */
type EndParams = { logA: np.Array; logB: np.Array };

/** One entry for each end that cuts. */
export type ClipParams = { low?: EndParams; high?: EndParams };

const schemas = {
  /** Entries below are lifted to it. Default −∞. */
  min: o.optional(o.number),
  /** Entries above are lowered to it. Default ∞. */
  max: o.optional(o.number),
};
export type ClipOptions = o.Options<typeof schemas>;

/** Where entries are cut off: those with side · (x − bound) ≥ 0. */
type End = Readonly<{ name: "low" | "high"; bound: number; side: 1 | -1 }>;

/** The noise in units of the sizes that it stands for, at the start. */
const NOISE_SCALE = 0.1;

/**
 * z = x inside of (min, max). An entry beyond an end loses its distance t ≥ 0 to it, and a small noise
 * takes its place there, z = end ± a_c |ε|, ε ~ N(0, 1), in channel c (the first axis of an example):
 *
 *     L = Σ over the entries beyond of log q(t) − log r(a |ε|) = log a − log b − t² / 2b² + ε² / 2,
 *
 * q and r half-normal of scales b and a, both learnt. The inverse draws t from q wherever z lies beyond.
 *
 * A bound; normalized. Deterministic mode is min(max(x, min), max): ReLU6, hardtanh. From the data, b is the root
 * of the mean square of t, and a a tenth of it.
 *
 * Errors: `DomainError` where nothing is cut or min < max does not hold.
 *
 * @example
 * ```ts
 * import { clip } from "@flowify/core/layers";
 *
 * const layer = clip([4], { min: 0, max: 6 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] false
 * ```
 */
export function clip(inShape: Shape, options: ClipOptions = {}): FlowLayer<ClipParams> {
  return clipping("clip", inShape, options);
}

/**
 * z = x for x > 0, z = −a_c |ε| for x ≤ 0, ε ~ N(0, 1); L = Σ log q(−x) − log r(−z) over x ≤ 0: `clip` from
 * below at 0.
 *
 * A bound; normalized. Deterministic mode is max(x, 0).
 *
 * @example
 * ```ts
 * import { relu } from "@flowify/core/layers";
 *
 * const layer = relu([4]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] false
 * ```
 */
export function relu(inShape: Shape): FlowLayer<ClipParams> {
  return clipping("relu", inShape, { min: 0 });
}

function clipping(name: string, inShape: Shape, options: ClipOptions): FlowLayer<ClipParams> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = o.checked(
    name,
    inShape,
    options,
    schemas,
  );
  const [channels = 0, ...space] = inShape;
  expectSizes(name, { channels, "size of the other axes": sizeOf(space) });
  if (!(min < max)) throw new DomainError(`${name}: min must be less than max, got ${min} and ${max}`);
  const ends = (
    [
      { name: "low", bound: min, side: -1 },
      { name: "high", bound: max, side: 1 },
    ] as const
  ).filter(({ bound }) => Number.isFinite(bound));
  if (ends.length === 0) throw new DomainError(`${name}: cuts nothing off; give min, max or both`);
  /** [C] -> [C, 1, …], which the axes of x are multiplied by. */
  const perChannel = (a: np.Array): np.Array => a.reshape([channels, ...space.map(() => 1)]);
  const noise = { clip: { shape: inShape, distribution: "normal" } } as const;
  /** end ± scale |ε| */
  const beyond = ({ bound, side }: End, logScale: np.Array, epsilon: np.Array): np.Array =>
    np
      .absolute(epsilon)
      .mul(perChannel(np.exp(logScale)))
      .mul(side)
      .add(bound);
  const init = (): EndParams => ({
    logA: np.full([channels], Math.log(NOISE_SCALE)),
    logB: np.zeros([channels]),
  });

  return defineLayer<ClipParams>({
    name,
    inShape,
    forwardNoise: noise,
    inverseNoise: noise,
    facts: { frozenParameterKinds: {} },
    init: withoutKey(() => Object.fromEntries(ends.map((end) => [end.name, init()]))),
    forward(params, x, { clip: epsilon }: { clip: np.Array }) {
      let z = x.ref;
      let logs = np.zerosLike(x.ref);
      for (const end of ends) {
        const { logA, logB } = named(params, end.name);
        const size = x.ref.sub(end.bound).mul(end.side);
        const cut = np.greaterEqual(size.ref, 0);
        // an entry inside has no t: 0 keeps its formula, which is not taken, finite
        const t = np.where(cut.ref, size, 0).mul(perChannel(np.exp(logB.ref.neg())));
        const log = np
          .square(epsilon.ref)
          .sub(np.square(t))
          .mul(0.5)
          .add(perChannel(logA.ref.sub(logB)));
        logs = np.where(cut.ref, log, logs);
        z = np.where(cut, beyond(end, logA, epsilon.ref), z);
      }
      x.dispose();
      epsilon.dispose();
      return { z, contribution: sumExamples(logs) };
    },
    inverse(params, z, { clip: epsilon }: { clip: np.Array }) {
      let x = z.ref;
      for (const end of ends) {
        const { logA, logB } = named(params, end.name);
        logA.dispose();
        const cut = np.greaterEqual(z.ref.sub(end.bound).mul(end.side), 0);
        x = np.where(cut, beyond(end, logB, epsilon.ref), x);
      }
      z.dispose();
      epsilon.dispose();
      return x;
    },
    async initFromData(key, examples) {
      key.dispose();
      const params: ClipParams = {};
      for (const end of ends) {
        const logB = (await cutSizes(end, examples)).map(Math.log);
        params[end.name] = { logA: floats(logB.map((b) => b + Math.log(NOISE_SCALE))), logB: floats(logB) };
      }
      return params;
    },
  });
}

/** Sizes below this part of the average say nothing of a scale. */
const LEAST_SIZE = 1e-3;

/**
 * √mean t² of what an end cuts off of each channel; where nothing is cut in a channel that of all
 * channels, and 1 where nothing is cut at all.
 */
async function cutSizes({ bound, side }: End, examples: CalibrationData): Promise<Float32Array> {
  const channels = countOf(examples);
  const sums = await examples.sum((x) => {
    const size = np.maximum(x.sub(bound).mul(side), 0).reshape([countOf(x), channels, -1]);
    const count = np.greater(size.ref, 0).astype(size.dtype);
    return np.stack([np.sum(np.square(size), [0, 2]), np.sum(count, [0, 2])]);
  });
  const [squares, counts] = [sums.subarray(0, channels), sums.subarray(channels)];
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  const average = Math.sqrt(sum(squares) / Math.max(sum(counts), 1)) || 1;
  return Float32Array.from(squares, (square, c) => {
    const own = Math.sqrt(square / Math.max(nth(counts, c), 1));
    return own > LEAST_SIZE * average ? own : average;
  });
}

export const clipKind = defineKind({
  kind: "clip",
  options: schemas,
  flow: clip,
  apply(x, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) {
    const above = min === Number.NEGATIVE_INFINITY ? x : np.maximum(x, min);
    return max === Number.POSITIVE_INFINITY ? above : np.minimum(above, max);
  },
});

export const reluKind = defineKind({
  kind: "relu",
  options: {},
  flow: relu,
  apply: (x) => np.maximum(x, 0),
});
