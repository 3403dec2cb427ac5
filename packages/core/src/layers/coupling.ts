import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import { DomainError, ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { leading } from "../lists.js";
import { softBound, softplus, sumExamples } from "../math/numerics.js";
import { ownForward, ownInverse, type RawSplines, splineKnots } from "../math/per-entry-spline.js";
import { UNIT_DERIVATIVE } from "../math/spline-parameters.js";
import { notCoded } from "../nn/conditional-parameters.js";
import { convNet, keepingSize } from "../nn/conv-net.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import { everywhere, withCondition } from "../nn/with-condition.js";
import * as o from "../options.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import type { StepNetwork } from "../steps.js";
import { defineKind } from "./kind.js";
import { reverse } from "./reshape.js";

const schemas = {
  /** Number of couplings. */
  stack: o.integer(1, 1000),
  /** K, the number of bins of each spline. Default 5. */
  bins: o.optional(o.bins),
  /** The splines live on [−bound, bound]; identity outside. Default 3. */
  bound: o.optional(o.positive),
  /** Width of the conditioner. Default 256 for vectors, 32 channels for images. */
  hidden: o.optional(o.size),
  /**
   * Sides of the kernels of an image's conditioner, odd, one for each of its convolutions. Default 3, 3, 3, 3. The last
   * convolution has most of the channels, so a 1 there saves most.
   */
  kernels: o.optional(o.listOf(o.size, 1)),
  /** Hidden layers of the conditioner of vectors add to their input. Default false. */
  residual: o.optional(o.flag),
  /**
   * Centre and stretch each entry by numbers of the conditioner before its spline, which then bends what the other part does
   * not predict. Default false.
   */
  affine: o.optional(o.flag),
  /** Shift the entries of the other part instead of bending them: L = 0. Default false. */
  additive: o.optional(o.flag),
};
export type CouplingOptions = Omit<o.Options<typeof schemas>, "stack"> & {
  /** Features (channels of an image) that pass unchanged. Default half of them, rounded down; 0 needs a condition. */
  kept?: number;
  /** Numbers of a condition that the conditioner sees beside them. Default none. */
  condition?: number;
  /** Start as the identity (default), or with the conditioner's random last layer as the paper's code. */
  init?: "identity" | "random";
};

/**
 * One neural spline coupling: the first features pass unchanged and condition a rational-quadratic
 * spline for every entry of the others; L = Σ log s′ over these. With `additive` it conditions a shift, and L = 0 (Dinh et
 * al. 2014, NICE). With `affine` the splines take v = (x − c) (1 + eᵗ) / 2, centre c in ± bound and tightness t in ± 6
 * from the conditioner as well, and log ((1 + eᵗ) / 2) joins L. An entry of z within the bound then has an x within three
 * times the bound: a line that could stretch in the inverse without a limit would let errors of samples grow from coupling to coupling.
 *
 * For vectors [n] the conditioner is dense, three hidden layers of `hidden` with ReLU; for images [C, H, W]
 * (features are channels) it consists of convolutions that keep the size, by default four of 3 × 3. Unnormalized widths and heights are divided by
 * √hidden. Exact, with closed-form inverse. Errors: `ShapeError` for fewer than two features,
 * `DomainError` for bins outside 2..500, a bound that is not positive and finite, even kernels, and options that exclude
 * each other. Source: Durkan et al. 2019 (arXiv:1906.04032); Flowification, section 5.
 */
function splineCoupling(inShape: Shape, options: CouplingOptions): FlowLayer<DenseParams[]> {
  const [features = 0, ...space] = inShape;
  if (inShape.length !== 1 && inShape.length !== 3)
    throw new ShapeError(`coupling: needs vectors [n] or images [C, H, W], got ${showShape(inShape)}`);
  const image = inShape.length === 3;
  const { bins = 5, bound = 3, hidden = image ? 32 : 256, init = "identity" } = options;
  const { kept = Math.floor(features / 2), residual = false, additive = false, condition = 0 } = options;
  const { kernels = [3, 3, 3, 3], affine = false } = options;
  expectSizes("coupling", { features });
  if (kept + condition < 1)
    throw new ShapeError(
      features < 2
        ? `coupling: needs two features at least, one to condition the other, got ${features}`
        : "coupling: kept must be a positive integer where there is no condition",
    );
  if (image && residual)
    throw new DomainError("coupling: residual conditioners are for vectors; leave residual out for images");
  if (!image && options.kernels)
    throw new DomainError("coupling: kernels are those of images; leave kernels out for vectors");
  for (const side of kernels)
    if (side % 2 === 0)
      throw new DomainError(
        `coupling: kernels must be odd, so that they keep the size of an image, got ${side}`,
      );
  if (affine && additive)
    throw new DomainError("coupling: affine and additive exclude each other; leave one of them out");
  if (kept >= features)
    throw new ShapeError(`coupling: ${kept} of ${features} features kept leaves none to transform`);
  const moved = features - kept;
  const each = additive ? 1 : 3 * bins - 1 + (affine ? 2 : 0);
  const sizes = [kept + condition, ...kernels.slice(1).map(() => hidden), moved * each];
  const conditioner = image ? convNet(keepingSize(sizes, kernels)) : mlp(sizes, { residual });
  const shrink = 1 / Math.sqrt(hidden);
  /** The maps of B · moved · space entries, in the order of the transformed part. */
  const curves = (params: DenseParams[], context: np.Array): Curves => {
    const raw = conditioner.apply(params, context);
    const grid = raw.reshape([countOf(raw), moved, each, ...space]);
    const numbers = np.transpose(grid, [2, 0, 1, ...space.map((_, i) => 3 + i)]).reshape([each, -1]);
    const ends = [bins, 2 * bins, ...(affine ? [3 * bins - 1, 3 * bins] : [])];
    const [widths, heights, derivatives, centre, tightness] = np.split(numbers, ends, 0) as [
      np.Array,
      np.Array,
      np.Array,
      np.Array?,
      np.Array?,
    ];
    return {
      splines: {
        widths: widths.mul(shrink),
        heights: heights.mul(shrink),
        derivatives,
        shift: init === "identity" ? UNIT_DERIVATIVE : 0,
        bound,
      },
      ...(centre &&
        tightness && {
          line: {
            centre: softBound(centre.reshape([-1]), bound),
            tightness: softBound(tightness.reshape([-1]), TIGHTEST),
          },
        }),
    };
  };
  /** What passes, what is moved, and what the conditioner sees; consumes both. */
  const parts = (x: np.Array, given: np.Array | undefined): Parts => {
    if (kept === 0) return { same: [], other: x, context: everywhere(given as np.Array, space) };
    const [same, other] = leading(np.split(x, [kept], 1), 2);
    return { same: [same.ref], other, context: withCondition(same, given) };
  };
  const joined = (same: np.Array[], other: np.Array): np.Array =>
    same.length > 0 ? np.concatenate([...same, other], 1) : other;
  return defineLayer<DenseParams[]>({
    name: "coupling",
    inShape,
    ...(condition > 0 && { condition: [condition] }),
    parameterKinds: conditioner.parameterKinds,
    init: (key) => conditioner.init(key, { lastZero: init === "identity" }),
    forward(params, x, _noise, given) {
      const { same, other, context } = parts(x, given);
      const shape = other.shape;
      if (additive) {
        const contribution = np.zeros([countOf(other)], { dtype: other.dtype });
        const shift = conditioner.apply(params, context).reshape(shape);
        return { z: joined(same, other.add(shift)), contribution };
      }
      const { z, logDerivative } = alongCurves(other.reshape([-1]), curves(params, context));
      return { z: joined(same, z.reshape(shape)), contribution: sumExamples(logDerivative.reshape(shape)) };
    },
    inverse(params, z, _noise, given) {
      const { same, other, context } = parts(z, given);
      const shape = other.shape;
      if (additive) return joined(same, other.sub(conditioner.apply(params, context).reshape(shape)));
      const x = againstCurves(other.reshape([-1]), curves(params, context));
      return joined(same, x.reshape(shape));
    },
    facts: {
      ...(init === "identity" && { atInit: "identity" as const }),
      steps(params) {
        if (condition > 0) throw notCoded("coupling");
        const network = (run: (own: DenseParams[], same: np.Array) => np.Array[]): StepNetwork => ({
          params,
          shape: [kept, ...space],
          run,
        });
        const rest = { kept: kept * sizeOf(space) };
        if (additive)
          return [
            { step: "translate", ...rest, network: network((own, same) => [conditioner.apply(own, same)]) },
          ];
        const knots = network((own, same) => {
          const { splines, line } = curves(own, same);
          return [...splineKnots(splines), ...(line ? [line.centre, np.exp(logFactor(line.tightness))] : [])];
        });
        return [{ step: "bend", ...rest, network: knots, bins, bound }];
      },
    },
  });
}

type Parts = Readonly<{ same: np.Array[]; other: np.Array; context: np.Array }>;

/** Splines of entries v = (x − centre) (1 + e^tightness) / 2. */
type Curves = Readonly<{
  splines: RawSplines;
  line?: Readonly<{ centre: np.Array; tightness: np.Array }>;
}>;

/** The largest tightness: factors of up to e⁶ / 2. */
const TIGHTEST = 6;

/** log ((1 + e^tightness) / 2), which is 0 for 0 and at least −log 2. Consumes it. */
const logFactor = (tightness: np.Array): np.Array => softplus(tightness).sub(Math.LN2);

/** Consumes everything. */
function alongCurves(x: np.Array, { splines, line }: Curves): { z: np.Array; logDerivative: np.Array } {
  if (!line) return ownForward(x, splines);
  const log = logFactor(line.tightness);
  const { z, logDerivative } = ownForward(x.sub(line.centre).mul(np.exp(log.ref)), splines);
  return { z, logDerivative: logDerivative.add(log) };
}

/** The inverse of `alongCurves`. */
function againstCurves(z: np.Array, { splines, line }: Curves): np.Array {
  const v = ownInverse(z, splines);
  return line ? v.mul(np.exp(logFactor(line.tightness).mul(-1))).add(line.centre) : v;
}

/**
 * `stack` spline couplings with the order of the features reversed between them, not after the last.
 *
 * Exact. Source: Flowification, section 5 and appendix (N(d, t) and Nc(d, t)).
 *
 * @example
 * ```ts
 * import { coupling } from "@flowify/core/layers";
 *
 * const layer = coupling([6], 2, { hidden: 32 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 6 ] [ 6 ] true
 * ```
 */
export function coupling(inShape: Shape, stack: number, options: CouplingOptions = {}): ChainLayer {
  o.checked("coupling", inShape, { stack, ...options }, schemas, "kept", "condition", "init");
  // with nothing to keep, all entries go through splines that the condition alone decides on, once
  const own = inShape[0] === 1 && options.condition ? { ...options, kept: 0 } : options;
  const parts = Array.from({ length: stack }, (_, i) => [
    splineCoupling(inShape, own),
    ...(i < stack - 1 ? [reverse(inShape)] : []),
  ]);
  return chain(parts.flat(), "coupling");
}

export const couplingKind = defineKind({
  kind: "coupling",
  options: schemas,
  flow: (inShape, { stack, ...own }, { condition = 0 }) => coupling(inShape, stack, { ...own, condition }),
});
