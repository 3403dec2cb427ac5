import { numpy as np } from "@jax-js/jax";
import type { ConditionalDensity, ConditionalDensityFactory } from "../densities/conditional.js";
import { gaussian } from "../densities/gaussian.js";
import { ShapeError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { log, log1p } from "../math/log.js";
import { LOG_2PI, logSumExp, sumExamples } from "../math/numerics.js";
import { rowsWithCondition } from "../nn/with-condition.js";
import { mapTreeOfNoise, type NoiseTree } from "../noise.js";
import * as o from "../options.js";
import { countOf, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

const schemas = {
  /** What the last axis is normalized by: mean and standard deviation, root mean square, or the sum of exponentials. */
  by: o.oneOf("layerNorm", "rmsNorm", "softmax"),
  /** Added to the variance, or to the mean square. Default 1e-5. */
  epsilon: o.optional(o.notNegative),
};
export type NormalizeOptions = o.Options<typeof schemas> & {
  /** The density of what is dropped. Default a Gaussian. */
  density?: ConditionalDensityFactory;
  /** Numbers of a condition that this density sees as well. Default none. */
  condition?: number;
};

/** log a of what takes the place of the dropped numbers, and the density of these. */
export type NormalizeParams = { logA: np.Array; dropped: ArrayTree };

/** Rows [R, n] as a point of a manifold u [R, n], and coordinates t [R, k] beside it. All consume what they are given. */
type Form = Readonly<{
  k: number;
  /** u and t of x, or of z. */
  apart(x: np.Array): Readonly<{ u: np.Array; t: np.Array }>;
  apartBehind(z: np.Array): Readonly<{ u: np.Array; t: np.Array }>;
  /** What the coordinates of z are without noise. */
  mean(t: np.Array): np.Array;
  /** x of u and t, z of u and its own. */
  before(u: np.Array, t: np.Array): np.Array;
  behind(u: np.Array, t: np.Array): np.Array;
  /** log of the volumes of z and its coordinates over those of x, [R]. */
  volume(u: np.Array, t: np.Array, behind: np.Array): np.Array;
}>;

/** The least variance. */
const LEAST = 1e-24;

const column = (a: np.Array, i: number): np.Array => a.slice([], [i, i + 1]);
const meanOf = (x: np.Array): np.Array => np.mean(x, 1, { keepdims: true });

/** x = m + s u, or s u, of coordinates (m, log s) or log s. */
function standardized(n: number, epsilon: number, centred: boolean): Form {
  const k = centred ? 2 : 1;
  const apart: Form["apart"] = (x) => {
    const m = centred ? meanOf(x.ref) : undefined;
    const rest = m ? x.sub(m.ref) : x;
    const logScale = log(np.maximum(meanOf(np.square(rest.ref)), LEAST)).mul(0.5);
    const u = rest.mul(np.exp(logScale.ref.neg()));
    return { u, t: m ? np.concatenate([m, logScale], 1) : logScale };
  };
  const together: Form["before"] = (u, t) => {
    const scaled = u.mul(np.exp(column(t.ref, k - 1)));
    if (centred) return scaled.add(column(t, 0));
    t.dispose();
    return scaled;
  };
  return {
    k,
    apart,
    apartBehind: apart,
    // log √(s² / (s² + ε))
    mean(t) {
      const log = log1p(np.exp(column(t.ref, k - 1).mul(-2)).mul(epsilon)).mul(-0.5);
      const first = column(t, 0).mul(0);
      return centred ? np.concatenate([first, log], 1) : log.add(first);
    },
    before: together,
    behind: together,
    volume(u, t, behind) {
      u.dispose();
      return column(behind.sub(t), k - 1)
        .reshape([-1])
        .mul(n - k + 1);
    },
  };
}

/** x = u + log Σ eˣ; z = e^(u + t). */
const softmax: Form = {
  k: 1,
  apart(x) {
    const t = np.expandDims(logSumExp(x.ref, 1), 1);
    return { u: x.sub(t.ref), t };
  },
  apartBehind: (z) => softmax.apart(log(np.maximum(z, LEAST))),
  mean: (t) => t.mul(0),
  before: (u, t) => u.add(t),
  behind: (u, t) => np.exp(u.add(t)),
  volume(u, t, behind) {
    t.dispose();
    return np.sum(u.add(behind), 1);
  },
};

/** The scale of the noise at the start. */
const NOISE_SCALE = 0.1;

/** Most numbers of u that the density of what is dropped sees: of more it sees means of neighbours. */
const MOST_SEEN = 64;

/**
 * The last axis, n numbers x, normalized as layers of networks do, without their factors: u = (x − m) / √(s² + ε) of mean m and
 * standard deviation s, u = x / √(s² + ε) of the root mean square s, or eˣ / Σ eˣ.
 *
 * u lies on a manifold of fewer dimensions, and what follows lives in Rⁿ. So t = (m, log s), log s or log Σ eˣ is dropped given u,
 * and noise of the same size t′ = t₀ + a ε, ε ~ N(0, 1), stands for it, t₀ what is without noise:
 *
 *     layerNorm   z = m′ + s′ u           L = log q(m, log s | u) − log N(a ε; 0, a²) + (n − 1) (log s′ − log s)
 *     rmsNorm     z = s′ u                L = log q(log s | u) − log N(a ε; 0, a²) + n (log s′ − log s)
 *     softmax     z = e^(x − t + t′)      L = log q(t | u) − log N(a ε; 0, a²) + Σ log z
 *
 * A bound; normalized, except that softmax loses the mass of negative z. Deterministic mode has the function itself.
 *
 * Errors: `ShapeError` for an axis of one number.
 *
 * @example
 * ```ts
 * import { normalize } from "@flowify/core/layers";
 *
 * const layer = normalize([10, 16], { by: "layerNorm" });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 10, 16 ] [ 10, 16 ] false
 * ```
 */
export function normalize(inShape: Shape, options: NormalizeOptions): FlowLayer<NormalizeParams> {
  const own = o.checked("normalize", inShape, options, schemas, "density", "condition");
  const { by, epsilon = 1e-5, density: factory = gaussian, condition = 0 } = own;
  const leading = inShape.slice(0, -1);
  const [n = 0, places] = [inShape.at(-1), sizeOf(leading)];
  if (n < 2 || places < 1)
    throw new ShapeError(`normalize: needs a last axis of 2 numbers at least, got ${showShape(inShape)}`);
  const { k, ...form } = by === "softmax" ? softmax : standardized(n, epsilon, by === "layerNorm");
  const seen = Math.min(n, MOST_SEEN);
  const density: ConditionalDensity = factory(k, seen + condition, { hidden: [MOST_SEEN] });
  const toRows = (a: np.Array): np.Array => a.reshape([-1, n]);
  const context = (u: np.Array): np.Array => {
    const each = Math.floor(n / seen);
    return each === 1
      ? u.slice([], [0, seen])
      : np.mean(u.slice([], [0, seen * each]).reshape([-1, seen, each]), 2);
  };
  const noiseRows = (noise: NoiseTree): NoiseTree =>
    mapTreeOfNoise(noise, (a: np.Array) => a.reshape([-1, ...a.shape.slice(1 + leading.length)]));
  return defineLayer<NormalizeParams>({
    name: "normalize",
    inShape,
    ...(condition > 0 && { condition: [condition] }),
    forwardNoise: { normal: { shape: [...leading, k], distribution: "normal" } },
    inverseNoise: Object.fromEntries(
      Object.entries(density.noise).map(([name, noise]) => [
        name,
        { ...noise, shape: [...leading, ...noise.shape] },
      ]),
    ),
    parameterKinds: { dropped: density.parameterKinds },
    facts: {
      frozenParameterKinds: { dropped: density.parameterKinds },
      droppedDims: places * k,
      ...(by === "softmax" && { partial: true }),
    },
    init: (key) => ({ logA: np.full([k], Math.log(NOISE_SCALE)), dropped: density.init(key) }),
    forward({ logA, dropped }, x, { normal }: { normal: np.Array }, given) {
      const batch = countOf(x);
      const { u, t } = form.apart(toRows(x));
      const epsilons = normal.reshape([-1, k]);
      const behind = form.mean(t.ref).add(epsilons.ref.mul(np.exp(logA.ref)));
      const minusLogR = sumExamples(
        np
          .square(epsilons)
          .mul(0.5)
          .add(logA)
          .add(0.5 * LOG_2PI),
      );
      const logQ = density.logProb(dropped, t.ref, rowsWithCondition(context(u.ref), given, places));
      const logs = logQ.add(minusLogR).add(form.volume(u.ref, t, behind.ref));
      return {
        z: form.behind(u, behind).reshape([batch, ...inShape]),
        contribution: sumExamples(logs.reshape([batch, places])),
      };
    },
    inverse({ logA, dropped }, z, noise, given) {
      logA.dispose();
      const batch = countOf(z);
      const { u, t: unused } = form.apartBehind(toRows(z));
      unused.dispose();
      const t = density.draw(dropped, rowsWithCondition(context(u.ref), given, places), noiseRows(noise));
      return form.before(u, t).reshape([batch, ...inShape]);
    },
    async initFromData(key, examples) {
      const part = (width: number, f: (x: np.Array) => np.Array) =>
        rowsOf(examples, (x) => f(toRows(x)), width, places);
      const values = part(k, (x) => {
        const { u, t } = form.apart(x);
        u.dispose();
        return t;
      });
      const contexts = part(seen, (x) => {
        const { u, t } = form.apart(x);
        t.dispose();
        return context(u);
      });
      return {
        logA: np.full([k], Math.log(NOISE_SCALE)),
        dropped: await density.start(key, values, contexts),
      };
    },
  });
}

export const normalizeKind = defineKind({
  kind: "normalize",
  options: schemas,
  flow: (inShape, own, { density, condition = 0 }) => normalize(inShape, { ...own, density, condition }),
  apply(x, { by, epsilon = 1e-5 }) {
    const { shape } = x;
    const n = nth(shape, shape.length - 1);
    const form = by === "softmax" ? softmax : standardized(n, epsilon, by === "layerNorm");
    const { u, t } = form.apart(x.reshape([-1, n]));
    return form.behind(u, form.mean(t)).reshape([...shape]);
  },
});
