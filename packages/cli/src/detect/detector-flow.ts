import {
  type Executor,
  type FitOptions,
  type Flow,
  FlowModel,
  fit,
  flow,
  type HostArray,
} from "@flowify/core";
import {
  type Base,
  defineLayer,
  type FlowLayer,
  type NoParams,
  softplus,
  sumExamples,
} from "@flowify/core/layer";
import { coupling, gaussianMixture, permuteChannels, rqSpline, whiten } from "@flowify/core/layers";
import { type JsTree, lax, numpy as np } from "@jax-js/jax";
import type { Form } from "./score-columns.js";

/** How a flow of the detector is trained: the same for all tables. */
const CLEAN = { noise: 0.1, blocks: 2, hidden: 48, bins: 6, bound: 5, shrinkage: 0.01, leftOut: 0 } as const;
const CONTAMINATED = { noise: 0.5, blocks: 3, hidden: 64, leftOut: 0.1 } as const;
const NETWORK = { components: 16 } as const;
const SCHEDULE = {
  batch: 200,
  learningRate: 4e-3,
  warmup: 0.3,
  heldOut: 0.1,
  looks: 20,
} as const;

/** Measurements without a better one that end the training of a table, and fewest steps of them: a short one takes all its steps. */
const PATIENCE = { measurements: 5, steps: 125 } as const;

/** The measurements of a table's held-out rows, one in so many steps, without a better one that end its training. */
export const tablePatience = (validateEvery: number): number =>
  Math.max(PATIENCE.measurements, Math.ceil(PATIENCE.steps / validateEvery));

/** Bins of the spline of a single column. */
const SINGLE_BINS = 16;

/** A step's time is that of its arrays of knots, [rows, columns, bins]: from this many columns on, splines have fewer bins. */
const WIDE = 500;
const WIDE_BINS = 3;

/** z = x + σ ε: rows that repeat, or hold integers, have a bounded density. For training only; its L = 0 takes ε for given. */
function blur(width: number, noise: number): FlowLayer<NoParams> {
  const normal = { shape: [width], distribution: "normal" } as const;
  return defineLayer<NoParams>({
    name: "blur",
    inShape: [width],
    forwardNoise: { normal },
    init(key) {
      key.dispose();
      return {};
    },
    forward(_, x, drawn) {
      const contribution = np.zeros([x.shape[0] as number], { dtype: x.dtype });
      return { z: x.add((drawn as { normal: np.Array }).normal.mul(noise)), contribution };
    },
    inverse: (_, z) => z,
  });
}

/** log p(z) = −Σ (z + 2 log(1 + e^−z)): tails of an exponential, so that far rows pull less. */
function standardLogistic(width: number): Base {
  return Object.freeze({
    name: "standardLogistic",
    shape: [width],
    noise: { uniform: { shape: [width], distribution: "uniform" } } as const,
    logProb: (z: np.Array) => sumExamples(z.ref.add(softplus(z.neg()).mul(2)).neg()),
    draw(drawn) {
      const { uniform } = drawn as { uniform: np.Array };
      return np.log(uniform.ref.div(np.subtract(1, uniform)));
    },
  });
}

/** What decides on the layers of the flow. */
type Kind = Readonly<{ form: Form; contaminated: boolean }>;

/**
 * The flow of the detector. Clean rows: a whitening and spline couplings, each of which moves all columns. Contaminated
 * ones: additive couplings, which keep volumes, so that density cannot gather on a few odd rows. Rows of a network: a
 * whitening and a mixture of normals, since its classes are clusters, and a coupling has a hundred operations.
 */
export function detectorFlow(width: number, { form, contaminated }: Kind): Flow {
  const whitening = whiten([width], { shrinkage: CLEAN.shrinkage });
  if (form === "network") {
    const { components } = NETWORK;
    return flow([whitening, gaussianMixture([width], { components, kept: 0 })]);
  }
  const { blocks, hidden } = contaminated ? CONTAMINATED : CLEAN;
  const bins = width < WIDE ? CLEAN.bins : WIDE_BINS;
  const kind = contaminated ? { additive: true } : { bins, bound: CLEAN.bound };
  const block = (seed: number): FlowLayer[] => [
    permuteChannels([width], { seed }),
    coupling([width], 2, { hidden, residual: true, ...kind }),
  ];
  const single = rqSpline([1], { bins: SINGLE_BINS, bound: CLEAN.bound });
  const moving = width === 1 ? [single] : Array.from({ length: blocks }, (_, seed) => block(seed)).flat();
  if (contaminated) return flow(moving, standardLogistic(width));
  return flow([whitening, ...moving]);
}

/** log p of the likeliest rows of a batch, so weighted that its mean is theirs. */
function trimmed(logProb: np.Array, leftOut: number): np.Array {
  const count = logProb.shape[0] as number;
  const least = Math.floor(leftOut * count);
  const sorted = np.sort(lax.stopGradient(logProb.ref));
  const threshold = sorted.slice([least, least + 1]);
  const kept = np.lessEqual(threshold, lax.stopGradient(logProb.ref)).astype(logProb.dtype);
  return logProb.mul(kept).mul(count / (count - least));
}

/** The flow as it is trained: with noise on the rows, and without the worst of each batch. */
function trainingFlow(width: number, kind: Kind): Flow {
  const { noise, leftOut } = kind.contaminated ? CONTAMINATED : CLEAN;
  const { chain, base } = detectorFlow(width, kind);
  const noisy = flow([blur(width, noise), ...chain.layers], base);
  if (leftOut === 0) return noisy;
  return { ...noisy, logProb: (params, x, drawn) => trimmed(noisy.logProb(params, x, drawn), leftOut) };
}

export type FlowOptions = Readonly<{
  seed: number;
  steps: number;
  /** Ends the training early: the best state so far is taken. */
  signal?: FitOptions["signal"];
  /** Called after each training step, the first is 1. */
  onStep?: (step: number) => void;
}> &
  Kind;

/** Trains the flow on rows [n, width] of its space; its best state on a tenth of them, and no further where those have not become likelier for long. */
export async function fitDetectorFlow(
  executor: Executor,
  rows: Float32Array,
  width: number,
  { form, contaminated, seed, steps, signal, onStep }: FlowOptions,
): Promise<FlowModel> {
  const count = rows.length / width;
  const held = Math.max(1, Math.round(SCHEDULE.heldOut * count));
  const validateEvery = Math.max(1, Math.floor(steps / SCHEDULE.looks));
  const model = await fit(
    trainingFlow(width, { form, contaminated }),
    { examples: rows, count },
    {
      executor,
      steps,
      seed,
      batchSize: Math.min(SCHEDULE.batch, count - held),
      learningRate: SCHEDULE.learningRate,
      warmup: Math.ceil(SCHEDULE.warmup * steps),
      validation: held / count,
      validateEvery,
      patience: tablePatience(validateEvery),
      ...(signal && { signal }),
      ...(onStep && { onStep: ({ step }) => onStep(step) }),
    },
  );
  const [, ...params] = model.params as readonly JsTree<HostArray>[]; // without the blur
  await model.dispose();
  return new FlowModel(detectorFlow(width, { form, contaminated }), params, executor);
}
