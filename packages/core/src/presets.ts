import type { Condition, EmbeddingOptions } from "./condition.js";
import { UsageError } from "./errors.js";
import { type FlowifyOptions, flowify, type NetworkFlow } from "./flowify.js";
import { showValue } from "./near-name.js";
import type { Network, NetworkLayer } from "./network/network.js";
import * as o from "./options.js";

/** What all presets take. */
type PresetOptions = {
  /** Columns that hold whole numbers, 0 to levels − 1: noise is added first, so that they have a density. */
  levels?: number;
  /**
   * s of the whitening in front: variances along principal directions count as (1 − s) σ² + s mean σ². So columns that
   * depend on each other exactly, whose covariance is singular, are stretched by at most 1/√s. Default 0.01.
   */
  shrinkage?: number;
};

/** What the density is conditional on. */
type ConditionOptions = {
  /** So many numbers, numbers of another shape, or one of so many classes. Default nothing. */
  condition?: number | Condition;
  /** The network that the condition goes through first. */
  embedding?: EmbeddingOptions;
};

export type CouplingFlowOptions = PresetOptions &
  ConditionOptions & {
    /** Blocks: a random order of the columns, and two couplings, so that all columns are transformed; 0 is one Gaussian. Default 2. */
    blocks?: number;
    /** K, the bins of each spline. Default 6. */
    bins?: number;
    /** Splines live on [−bound, bound], in standard deviations of the whitened data. Default 5. */
    bound?: number;
    /** Width of the conditioners. Default 48. */
    hidden?: number;
    /**
     * Turn the data to their principal directions first. Default true; false for columns that are independent of each other, as
     * parameters of a prior are: mixtures of them are harder to learn.
     */
    rotate?: boolean;
  };

type SplineFlowOptions = CouplingFlowOptions & {
  /** Bins of the spline of each column in front. Default 32. */
  marginalBins?: number;
};

export type DenseFlowOptions = PresetOptions &
  Pick<FlowifyOptions, "density"> & {
    /** K, the bins of the spline after each layer. Default 10. */
    bins?: number;
    /** Splines live on [−bound, bound]. Default 3. */
    bound?: number;
  };

/** What columns that hardly vary are stretched by is bounded: otherwise the first steps throw them far out. */
const SHRINKAGE = 0.01;

/** Bins of the spline that shapes a single column. */
const SINGLE_BINS = 16;

/**
 * Columns of different units are brought to one scale first, and stay so: a rotation in 32-bit numbers would lose the small
 * ones, and scales that training moves throw a column about that lies far from 0 or hardly varies.
 */
const whitened = ({ levels, shrinkage = SHRINKAGE }: PresetOptions, rotate = true): NetworkLayer[] => [
  ...(levels === undefined ? [] : [{ kind: "dequantize", levels } as const]),
  rotate ? { kind: "whiten", scaled: true, shrinkage } : { kind: "actnorm" },
];

const presetSchemas: o.SchemasOf<PresetOptions> = { levels: o.integer(2), shrinkage: o.share };
const couplingSchemas: o.SchemasOf<CouplingFlowOptions> = {
  ...presetSchemas,
  blocks: o.integer(0),
  bins: o.size,
  bound: o.positive,
  hidden: o.size,
  rotate: o.flag,
  condition: o.either(o.size, o.record, "a number of columns, { shape } or { classes }"),
  embedding: o.record,
};
const splineSchemas: o.SchemasOf<SplineFlowOptions> = { ...couplingSchemas, marginalBins: o.size };
const denseSchemas: o.SchemasOf<DenseFlowOptions> = {
  ...presetSchemas,
  bins: o.size,
  bound: o.positive,
  density: o.anything,
};

function checkColumns(preset: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new UsageError(`${preset}: expected a positive number of columns, got ${showValue(n)}`);
}

/** The network of `couplingFlow`. */
export function couplingNetwork(n: number, given: CouplingFlowOptions = {}): Network {
  const { blocks = 2, bins = 6, bound = 5, hidden = 48, rotate, condition, embedding, ...options } = given;
  o.checkOptions("couplingFlow", couplingSchemas, given);
  checkColumns("couplingFlow", n);
  const block = (seed: number): NetworkLayer[] => [
    { kind: "permuteChannels", seed },
    { kind: "coupling", stack: 2, bins, bound, hidden },
  ];
  const single: NetworkLayer =
    condition === undefined
      ? { kind: "rqSpline", bins: SINGLE_BINS, bound }
      : { kind: "coupling", stack: 1, bins: SINGLE_BINS, bound, hidden };
  const stack = Array.from({ length: blocks }, (_, seed) => block(seed)).flat();
  const layers = n === 1 && blocks > 0 ? [single] : stack;
  const line: NetworkLayer[] = condition === undefined ? [] : [{ kind: "conditionalAffine", hidden }];
  return {
    inShape: [n],
    layers: [...whitened(options, rotate), ...line, ...layers],
    ...(condition !== undefined && {
      condition: typeof condition === "number" ? { shape: [condition] } : condition,
    }),
    ...(embedding && { embedding }),
  };
}

/**
 * A flow of vectors [n] for data of any shape: a whitening, and neural spline couplings that transform all columns, each
 * in an order of its own. It starts as the Gaussian of the data. Exact, and the first to try.
 *
 * @example
 * ```ts
 * import { couplingFlow } from "@flowify/core";
 * const flow = couplingFlow(5, { hidden: 64 });
 * console.log(flow.inShape, flow.exact);
 * // [ 5 ] true
 * ```
 *
 * Errors: `UsageError` where n is no positive integer; those of `flowify` for the options. Source: Durkan et al. 2019
 * (arXiv:1906.04032).
 */
export const couplingFlow = (n: number, options: CouplingFlowOptions = {}): NetworkFlow =>
  flowify(couplingNetwork(n, options));

/** The network of `splineFlow`. */
export function splineNetwork(n: number, options: SplineFlowOptions = {}): Network {
  o.checkOptions("splineFlow", splineSchemas, options);
  checkColumns("splineFlow", n);
  const { marginalBins = 32, levels, ...rest } = options;
  const front: NetworkLayer[] = [
    ...(levels === undefined ? [] : [{ kind: "dequantize", levels } as const]),
    { kind: "marginal", bins: marginalBins },
  ];
  const { layers, ...network } = couplingNetwork(n, rest);
  const isAlone = n === 1 && rest.condition === undefined;
  return { ...network, layers: [...front, ...(isAlone ? [] : layers)] };
}

/**
 * `couplingFlow` behind a spline for each column, which starts as the map of its own distribution to a normal one: for
 * columns with several peaks, heavy tails or hard edges. What follows only has to model how columns depend on each other.
 * Columns that repeat few values need `levels`, or `couplingFlow`. Exact.
 *
 * @example
 * ```ts
 * import { splineFlow } from "@flowify/core";
 * console.log(splineFlow(5, { blocks: 4 }).exact);
 * // true
 * ```
 *
 * Errors: as for `couplingFlow`. Source: Durkan et al. 2019 (arXiv:1906.04032).
 */
export const splineFlow = (n: number, options: SplineFlowOptions = {}): NetworkFlow =>
  flowify(splineNetwork(n, options));

/** The network of `denseFlow`. */
export function denseNetwork(
  n: number,
  widths: readonly number[],
  given: Omit<DenseFlowOptions, "density"> = {},
): Network {
  const { bins = 10, bound = 3, ...options } = given;
  o.checkOptions("denseFlow", denseSchemas, given);
  checkColumns("denseFlow", n);
  if (!Array.isArray(widths) || widths.length === 0)
    throw new UsageError(
      `denseFlow: expected at least one width, as in denseFlow(${n}, [${n}]), got ${showValue(widths)}`,
    );
  const layers = widths.flatMap((out): NetworkLayer[] => [
    { kind: "linear", out },
    { kind: "rqSpline", bins, bound },
  ]);
  return { inShape: [n], layers: [...whitened(options), ...layers.slice(0, -1)] };
}

/**
 * A dense network as a flow of vectors [n]: a whitening, and a linear layer of each width with a spline behind it. Where a layer
 * is narrower than the one before, what it drops is modelled by `density`; where it is wider, noise is added, and log p
 * is a bound.
 *
 * @param widths of the layers; the last is the size of the latent
 *
 * @example
 * ```ts
 * import { denseFlow } from "@flowify/core";
 * console.log(denseFlow(5, [5, 3, 2]).latentShape);
 * // [ 2 ]
 * ```
 *
 * Errors: `UsageError` where n is no positive integer or there are no widths; those of `flowify`. Source: Flowification.
 */
export const denseFlow = (
  n: number,
  widths: readonly number[],
  { density, ...options }: DenseFlowOptions = {},
): NetworkFlow => flowify(denseNetwork(n, widths, options), density === undefined ? {} : { density });
