import { numpy as np, random } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { fitClassMixture, fitGroupedMixture } from "../init/class-mixture.js";
import { type FittedNormal, fitMixture, inverseLower, likeliestPrior } from "../init/fit-mixture.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { initial, splitKey } from "../math/keys.js";
import { logSumExp, oneOf, standardNormalLogDensity } from "../math/numerics.js";
import { invertUnitLower, strictlyLower } from "../math/unit-lower.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { countOf, type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";

/**
 * Log weights [K], means and log (1 / std) [K, n], and how each number depends on those before it, [K, n, n]: only what is
 * strictly below the diagonal counts.
 */
export type GaussianMixtureParams = {
  logits: np.Array;
  means: np.Array;
  logPrecision: np.Array;
  lower: np.Array;
  /** With a condition: what each of its numbers adds to the log weights [K, condition], and a network that adds as well. */
  line?: np.Array;
  weights?: DenseParams[];
};

const schemas = {
  /** K, the number of normal distributions. Default 16. */
  components: o.optional(o.integer(2, 1000)),
  /** How many numbers are kept, the first ones: none makes it the end of a flow. Default 1. */
  kept: o.optional(o.index),
};
export type GaussianMixtureOptions = o.Options<typeof schemas> & {
  /** Numbers of a condition that the weights depend on, by lines and a network with two hidden layers of 64. Default none. */
  condition?: number;
};

/** Width of the network of the weights. */
const HIDDEN = 64;
type Components = Pick<GaussianMixtureParams, "means" | "logPrecision" | "lower">;
type Weights = Omit<GaussianMixtureParams, keyof Components>;
type HostParams = Readonly<Record<"logits" | keyof Components, HostArray>>;

/** Most numbers of a vector: a component has a number for each pair of them. */
const LARGEST = 1024;

/**
 * z = the first numbers of x, for L = log q(x) − log q(z), q a mixture of K normal distributions with whole covariances:
 *
 *     q(x) = Σ_k π_k N(x; μ_k, Σ_k),   Σ_k⁻¹ = Λ_kᵀ Λ_k,   Λ_k = diag(e^a_k) (I + N_k),   N_k strictly lower triangular
 *
 * and log q(z) that of the first numbers alone. What leaves has the conditional of the joint density: kinds of examples
 * (digits, species) in which numbers depend on each other in different ways. Exact; forward(inverse(z)) = z. The
 * inverse chooses a component by its share in z, and draws the rest from it. Initialized by expectation maximization; where
 * the condition is a class, each class has normals of its own.
 *
 * Shapes: [n] to [kept]. Errors: `ShapeError` for anything but vectors, and where none would leave; `DomainError` for
 * more than 1,024 numbers. Source: Bishop 2006, Pattern Recognition and Machine Learning, sections 2.3 and 9.2.
 *
 * @example
 * ```ts
 * import { gaussianMixture } from "@flowify/core/layers";
 *
 * const layer = gaussianMixture([8], { components: 4 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 8 ] [ 1 ] true
 * ```
 */
export function gaussianMixture(
  inShape: Shape,
  options: GaussianMixtureOptions = {},
): FlowLayer<GaussianMixtureParams> {
  const name = "gaussianMixture";
  const own = o.checked(name, inShape, options, schemas, "condition");
  const { components: K = 16, kept = 1, condition = 0 } = own;
  const [n = 0] = inShape;
  if (inShape.length !== 1)
    throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}; flatten them first`);
  if (kept >= n) throw new ShapeError(`${name}: ${kept} of ${n} numbers kept leaves none to drop`);
  if (n > LARGEST)
    throw new DomainError(
      `${name}: expected vectors of at most ${LARGEST} numbers, got ${n}; reduce them first`,
    );
  const dropped = n - kept;
  const network = mlp([condition, HIDDEN, HIDDEN, K]);
  /** Log weights [K, 1], or [K, B] where they depend on a condition. Consumes all. */
  const logWeights = ({ logits, line, weights }: Weights, given?: np.Array): np.Array => {
    let all = logits.reshape([K, 1]);
    if (line && weights && given)
      all = all
        .add(np.matmul(line, np.transpose(given.ref)))
        .add(np.transpose(network.apply(weights, given)));
    return all.ref.sub(np.expandDims(logSumExp(all, 0), 0));
  };
  /** Log-densities of the first numbers [B, n′], each given those before it, by component: [K, B, n′]. Consumes all but x. */
  const logDensities = (params: Components, x: np.Array): np.Array => {
    const [, size = 0] = x.shape;
    const first = (a: np.Array): np.Array => a.slice([], [0, size]).reshape([K, 1, size]);
    const centred = np.expandDims(x.ref, 0).sub(first(params.means));
    const below = strictlyLower(params.lower.slice([], [0, size], [0, size]));
    const turned = centred.ref.add(np.matmul(centred, np.transpose(below, [0, 2, 1])));
    const a = first(params.logPrecision);
    return standardNormalLogDensity(turned.mul(np.exp(a.ref))).add(a);
  };
  /** What the kept numbers move the others by, [K, B, dropped]. Consumes all. */
  const fromKept = (z: np.Array, means: np.Array, lower: np.Array): np.Array => {
    const centred = np.expandDims(z, 0).sub(means.slice([], [0, kept]).reshape([K, 1, kept]));
    return np.matmul(centred, np.transpose(lower.slice([], [kept, n], [0, kept]), [0, 2, 1]));
  };
  return defineLayer<GaussianMixtureParams>({
    name,
    inShape,
    outShape: [kept],
    inverseNoise: {
      normal: { shape: [dropped], distribution: "normal" },
      choice: { shape: [1], distribution: "uniform" },
    },
    facts: { frozenParameterKinds: {} }, // z does not depend on any of them
    ...(condition > 0 && { condition: [condition] }),
    init(key) {
      const [own, others] = condition > 0 ? splitKey(key, 2) : [key];
      return {
        logits: np.zeros([K]),
        means: initial(own, [K, n], random.normal),
        logPrecision: np.zeros([K, n]),
        lower: np.zeros([K, n, n]),
        ...(others && {
          line: np.zeros([K, condition]),
          weights: network.init(others, { lastZero: true }),
        }),
      };
    },
    forward({ means, logPrecision, lower, ...weights }, x, _noise, condition) {
      const logs = logDensities({ means, logPrecision, lower }, x);
      const prior = logWeights(weights, condition);
      const z = x.slice([], [0, kept]);
      if (kept === 0) return { z, contribution: logSumExp(np.sum(logs, 2).add(prior), 0) };
      const given = np.sum(logs.ref.slice([], [], [0, kept]), 2).add(prior.ref); // [K, B]
      const all = np.sum(logs, 2).add(prior);
      return { z, contribution: logSumExp(all, 0).sub(logSumExp(given, 0)) };
    },
    inverse(
      { means, logPrecision, lower, ...weights },
      z,
      { normal, choice }: { normal: np.Array; choice: np.Array },
      condition,
    ) {
      const prior = logWeights(weights, condition);
      const own = () => ({ means: means.ref, logPrecision: logPrecision.ref, lower: lower.ref });
      const given =
        kept > 0 ? np.sum(logDensities(own(), z), 2).add(prior) : np.broadcastTo(prior, [K, countOf(normal)]);
      const chosen = oneOf(given, choice.reshape([1, -1])); // [K, B]
      const last = (a: np.Array): np.Array => a.slice([], [kept, n]).reshape([K, 1, dropped]);
      const free = np.expandDims(normal, 0).mul(np.exp(last(logPrecision).neg())); // [K, B, dropped]
      const moved = kept > 0 ? free.sub(fromKept(z.ref, means.ref, lower.ref)) : free;
      const among = invertUnitLower(strictlyLower(lower.slice([], [kept, n], [kept, n])));
      const turned = np.matmul(moved, np.transpose(among, [0, 2, 1]));
      const rest = np.sum(turned.add(last(means)).mul(np.expandDims(chosen, 2)), 0);
      if (kept > 0) return np.concatenate([z, rest], 1);
      z.dispose();
      return rest;
    },
    async initFromData(key, examples) {
      const rows = await rowsOnHost(examples, n);
      const known = examples.known as HostParams | undefined;
      const fitted =
        known && !examples.given
          ? fitMixture(rows, K, { from: normalsOf(known, n), prior: likeliestPrior(rows, K) })
          : fittedTo(rows, examples.given, K);
      if (condition === 0) {
        key.dispose();
        return paramsOf(fitted, n);
      }
      const lines = Float32Array.from({ length: K * condition }, (_, at) => {
        const { line } = fitted[Math.floor(at / condition)]!;
        return line[at % condition] ?? 0;
      });
      const weights = network.init(key, { lastZero: true });
      return { ...paramsOf(fitted, n), line: floats(lines, [K, condition]), weights };
    },
  });
}

/** How normals are fitted that have more numbers than rows: more rounds fit them to their rows alone. */
const OF_FEW = { rounds: 8 } as const;

/** A mixture of K normals that start where the condition says: for each class, for groups of numbers, or given ones among zeros. */
function fittedTo(rows: readonly Float64Array[], given: HostArray | undefined, K: number): FittedNormal[] {
  if (!given) return fitMixture(rows, K, { prior: likeliestPrior(rows, K) });
  const labels = labelsOf(given);
  const [, classes = 0] = given.shape;
  if (labels && classes <= K) {
    const { length: n } = rows[0]!;
    const few = rows.length / K < (n * (n + 3)) / 2;
    return fitClassMixture(rows, labels, classes, K, few ? OF_FEW : {});
  }
  const grouped = given.data.every((v) => v === 0 || v === 1) ? undefined : fitGroupedMixture(rows, given, K);
  return grouped ?? fitMixture(rows, K, { given, prior: likeliestPrior(rows, K) });
}

/** The class of each row, where every condition is one 1 among zeros. */
function labelsOf({ data, shape: [count = 0, classes = 0] }: HostArray): Int32Array | undefined {
  const labels = new Int32Array(count);
  for (let r = 0; r < count; r++) {
    const row = Array.from(data.subarray(r * classes, (r + 1) * classes));
    labels[r] = row.indexOf(1);
    if (labels[r]! < 0 || row.some((v, c) => v !== 0 && c !== labels[r])) return undefined;
  }
  return labels;
}

async function rowsOnHost(examples: CalibrationData, n: number): Promise<Float64Array[]> {
  const rows: Float64Array[] = [];
  for await (const part of examples.parts())
    for (let at = 0; at < part.length; at += n) rows.push(Float64Array.from(part.subarray(at, at + n)));
  return rows;
}

/** Λ = F⁻¹ of each covariance F Fᵀ, as its diagonal and what is left of its rows when they are divided by it. */
function paramsOf(fitted: readonly FittedNormal[], n: number): GaussianMixtureParams {
  const K = fitted.length;
  const [means, logPrecision] = [new Float32Array(K * n), new Float32Array(K * n)];
  const lower = new Float32Array(K * n * n);
  for (const [k, { mean, factor }] of fitted.entries()) {
    means.set(mean, k * n);
    for (let i = 0; i < n; i++) logPrecision[k * n + i] = -Math.log(factor[i * n + i]!);
    // row i of diag(F) F⁻¹: its entry at the diagonal is 1
    const inverse = inverseLower(factor, n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) lower[(k * n + i) * n + j] = inverse[i * n + j]! * factor[i * n + i]!;
  }
  return {
    logits: floats(Float32Array.from(fitted, ({ weight }) => Math.log(weight))),
    means: floats(means, [K, n]),
    logPrecision: floats(logPrecision, [K, n]),
    lower: floats(lower, [K, n, n]),
  };
}

/** The normals of such parameters. */
function normalsOf({ logits, means, logPrecision, lower }: HostParams, n: number): FittedNormal[] {
  const weights = Array.from(logits.data, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const of = ({ data }: HostArray, k: number, size: number) =>
    Float64Array.from(data.slice(k * size, (k + 1) * size));
  return weights.map((weight, k) => {
    const rows = of(lower, k, n * n);
    for (const [i, a] of of(logPrecision, k, n).entries())
      for (let j = 0; j <= i; j++) rows[i * n + j] = Math.exp(a) * (i === j ? 1 : rows[i * n + j]!);
    return {
      weight: weight / total,
      mean: of(means, k, n),
      factor: inverseLower(rows, n),
      line: new Float64Array(),
    };
  });
}

export const gaussianMixtureKind = defineKind({
  kind: "gaussianMixture",
  options: schemas,
  flow: (inShape, own, { condition = 0 }) => gaussianMixture(inShape, { ...own, condition }),
  outShape: (_, { kept = 1 }) => [kept],
});
