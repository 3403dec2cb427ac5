import { type JsTree, numpy as np } from "@jax-js/jax";
import type { InitProgress } from "../chain.js";
import { CheckpointError, MemoryError, NotFiniteError, UsageError } from "../errors.js";
import { countedExamples, type Examples, type ExamplesIn } from "../examples.js";
import { ArraySpec, type Executor } from "../executor/executor.js";
import { expectMemoryFor } from "../executor/memory.js";
import { bitsPerDimension, type Flow } from "../flow.js";
import { shapeKey } from "../math/keys.js";
import { makeRng } from "../math/rng.js";
import { noiseDrawer } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten, treeMap } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import { adamScalars } from "./adam.js";
import { batchSource, type ImageAugmentation, STREAM } from "./data.js";
import { trainingDefaults as defaults } from "./defaults.js";
import { expectFinite, stepNotFinite } from "./diagnose.js";
import { initValues } from "./init-params.js";
import { shortening, withRollback } from "./rollback.js";
import { cosineSchedule } from "./schedule.js";
import {
  flattenState,
  freshState,
  type HostState,
  type Rollback,
  type TrainingState,
  takeToHost,
  unflattenState,
} from "./state.js";
import { averageDecay, makeWholeDescent } from "./step.js";
import { gradientSpecs, makeStepper, type StepperOptions } from "./stepper.js";

/** Steps that each step size is tried for, and the part of them, the last ones, that it is judged by. */
const TRIED_STEPS = 20;
const JUDGED_PART = 0.25;

export type TrainOptions = {
  /** The flow whose parameters are trained. */
  flow: Flow;
  /** Where the steps are computed. */
  executor: Executor;
  /** Training examples: nested arrays, or typed rows one after the other. */
  data: Examples | ExamplesIn;
  /** Steps of the whole run; the schedule ends there. */
  steps: number;
  /** Examples a step. Default 128. */
  batchSize?: number;
  /** Decides everything random. Default 0, or that of `state`. */
  seed?: number;
  /** Data-dependent start values (default) or random ones. */
  init?: "data" | "random";
  /** Examples that the data-dependent start looks at. Default 4096. */
  initExamples?: number;
  /** Called when a layer has its data-dependent start values. */
  onInit?: InitProgress;
  /** Peak step size of Euclidean parameters. Default 1e-3. */
  learningRate?: number;
  /** Peak step size of orthogonal parameters, radians. Default that of the Euclidean ones. */
  orthogonalRate?: number;
  /** Steps of linear warm-up. Default 100, at most a tenth of the run. */
  warmup?: number;
  /** Global norm that gradients are clipped to. Default 500. */
  clip?: number;
  /** Decay of the average of the weights; 0 (default) for none. */
  ema?: number;
  /** `flip` mirrors every image of a step left to right with probability ½. Default `none`. */
  augment?: ImageAugmentation;
  /**
   * Look at what every layer gives before each step, so that a value that is not finite is found even where the loss does
   * not show it. Takes another pass forward; the numbers are the same. Default false.
   */
  check?: boolean;
  /** Goes on from here. */
  state?: TrainingState;
};

/** What a step reports; `loss` in nats, `bpd` in bits per dimension, on this batch before the step. */
export type StepReport = Readonly<{ step: number; loss: number; bpd: number; gradNorm: number; lr: number }>;

/** A run in progress: its state is where the executor computes, until it is asked for. */
export type Trainer = Readonly<{
  /** Steps taken so far. */
  readonly taken: number;
  /** Takes one step. Errors: `NotFiniteError`; the state is then as before the step. */
  step(): Promise<StepReport>;
  /**
   * Goes back to an earlier state of this run after a step that was not finite; the steps from there to 100 beyond it have
   * a tenth of the size. Gives all returns so far. Errors: `NotFiniteError`, the given one, where three returns in force did not help.
   */
  rollBack(to: TrainingState, failure: NotFiniteError): Promise<readonly Rollback[]>;
  /**
   * Tries peak step sizes, of all parameters alike, before the first step: of each a few steps on the same batches, from the
   * same state. The one whose losses end lowest is that of the run from then on, and is given; the state is as before.
   * Errors: `NotFiniteError` where no step size gives finite losses.
   */
  findRate(rates: readonly number[]): Promise<number>;
  /** The whole state, copied to the host. Errors: `NotFiniteError` where a number of it is NaN or infinite. */
  state(): Promise<TrainingState>;
  /** The parameters (with weight averaging, their average), copied to the host. */
  params(): Promise<JsTree<HostArray>>;
  timings: Readonly<{ startMs: number; traceMs: number; compileMs: number }>;
  /** Counted operations of one step's products and convolutions, where the executor counts them. */
  flops: number | undefined;
  /** Numbers that the optimizer moves. */
  parameters: number;
  dispose(): Promise<void>;
}>;

/**
 * Prepares a run: start values, compiled step. Data order and noise are functions of (seed, step), so
 * a run that goes on from `state` repeats what it would have been.
 *
 * Errors: `UsageError`, `DataError`, `DomainError`, `CheckpointError`, `MemoryError` with a batch that fits,
 * all before the first step.
 *
 * @example
 * ```ts
 * import { createTrainer, flow, jaxExecutor } from "@flowify/core";
 * import { linear, rqSpline } from "@flowify/core/layers";
 *
 * const data = Array.from({ length: 512 }, (_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(i) ** 2]);
 * const trainer = await createTrainer({
 *   flow: flow([linear(3, 3), rqSpline([3])]),
 *   executor: jaxExecutor(),
 *   data,
 *   steps: 50,
 *   batchSize: 64,
 * });
 * const losses: number[] = [];
 * while (trainer.taken < 50) losses.push((await trainer.step()).loss);
 * console.log((losses.at(-1) ?? 0) < (losses[0] ?? 0));
 * await trainer.dispose();
 * // true
 * ```
 */
export async function createTrainer(options: TrainOptions): Promise<Trainer> {
  const { flow, executor, steps, augment = defaults.augment, check = false } = options;
  const { batchSize = defaults.batchSize, clip = defaults.clip, ema = defaults.ema } = options;
  const { learningRate = defaults.learningRate, orthogonalRate = learningRate } = options;
  const { seed = options.state?.seed ?? 0, warmup = defaults.warmup(steps) } = options;
  checkOptions({ ...options, seed, steps, learningRate, orthogonalRate, clip, ema });
  const data = countedExamples(options.data, flow.domain);
  const batches = batchSource(data, flow.domain, { batchSize, seed, augment });

  const shapes = flow.init(shapeKey());
  const leaves = parameterPaths(shapes, flow.parameterKinds);
  const params = treeMap(({ shape, dtype }: np.Array) => new ArraySpec(shape, dtype), shapes);
  const specs = treeFlatten<ArraySpec>(params).leaves;
  treeDispose(shapes);
  if (leaves.every(({ kind }) => kind === "fixed"))
    throw new UsageError("there is nothing to train: every parameter of the flow is fixed");
  expectMemoryFor(
    executor,
    flow.ledgerLines.map(({ layer }) => layer),
    leaves.map(({ path }, i) => ({ path, shape: specs[i]?.shape ?? [] })),
    { copies: ema > 0 ? COPIES + 2 : COPIES, again: AGAIN },
  );
  let startMs = 0;
  let like: HostState | undefined; // a state of the right shapes
  const start = async (): Promise<HostState> => {
    const started = performance.now();
    // the values of a run that goes on only give the shapes
    const values = options.state ? flow.init(shapeKey()) : await initValues({ ...options, data, seed });
    like = freshState(await takeToHost(values), leaves, ema);
    const host = options.state ? unflattenState(options.state.arrays, like, leaves) : like;
    startMs = performance.now() - started;
    return host;
  };
  const stepperOptions = { flow, executor, leaves, params, start, batchSize, clip, ema };
  const stepper = await makeStepper(stepperOptions).catch((error: unknown) => {
    if (!(error instanceof MemoryError)) throw error;
    return refuseBatch(error, stepperOptions);
  });
  let rate = cosineSchedule({ peak: learningRate, steps, warmup });
  let orthogonalRateAt = cosineSchedule({ peak: orthogonalRate, steps, warmup });
  const draw = noiseDrawer(flow.forwardNoise, batchSize);
  let taken = options.state?.step ?? 0;
  let rollbacks = options.state?.rollbacks ?? [];

  /** Takes the step of `taken` with these step sizes; throws where it is not finite. */
  const take = async (lr: number, orthogonalLr: number): Promise<{ loss: number; gradNorm: number }> => {
    const x = batches(taken);
    const noise = draw(makeRng(seed, STREAM.noise, taken));
    const sick = check ? await stepper.nonFiniteLayer(x, noise) : undefined;
    if (sick) throw stepNotFinite(taken + 1, sick);
    const { loss, gradNorm } = await stepper.take(
      x,
      noise,
      {
        euclidean: scalarArrays(adamScalars(lr, taken)),
        orthogonal: scalarArrays(adamScalars(orthogonalLr, taken)),
      },
      scalarArray(averageDecay(ema, taken)),
    );
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      const culprit = (await stepper.nonFiniteLayer(x, noise)) ?? (await stepper.nonFiniteGradient());
      throw stepNotFinite(taken + 1, culprit, { loss, gradNorm });
    }
    taken++;
    return { loss, gradNorm };
  };

  /** What a step size comes to from the state of this moment, and the error of what is not finite. */
  const tryRate = async (peak: number): Promise<number | NotFiniteError> => {
    const losses: number[] = [];
    try {
      while (losses.length < Math.min(TRIED_STEPS, steps)) losses.push((await take(peak, peak)).loss);
    } catch (error) {
      if (error instanceof NotFiniteError) return error;
      throw error;
    }
    const last = losses.slice(-Math.ceil(losses.length * JUDGED_PART));
    return last.reduce((sum, loss) => sum + loss, 0) / last.length;
  };

  return {
    get taken() {
      return taken;
    },
    async step() {
      const shorter = shortening(rollbacks, taken + 1);
      const lr = rate(taken) * shorter;
      const { loss, gradNorm } = await take(lr, orthogonalRateAt(taken) * shorter);
      return { step: taken - 1, loss, bpd: bitsPerDimension(-loss, flow.dimensions), gradNorm, lr };
    },
    async findRate(rates) {
      const before = await stepper.fetch();
      const from = taken;
      let best: { peak: number; loss: number } | undefined;
      let failure: NotFiniteError | undefined;
      for (const peak of rates) {
        const loss = await tryRate(peak);
        taken = from;
        await stepper.restore(before);
        if (loss instanceof NotFiniteError) failure = loss;
        else if (best === undefined || loss < best.loss) best = { peak, loss };
      }
      if (best === undefined) throw failure ?? new UsageError("no step size to try was named");
      const { peak } = best;
      rate = cosineSchedule({ peak, steps, warmup });
      orthogonalRateAt = cosineSchedule({ peak, steps, warmup });
      return peak;
    },
    async rollBack(to, failure) {
      rollbacks = withRollback(rollbacks, failure, to.step);
      await stepper.restore(unflattenState(to.arrays, like as HostState, leaves));
      taken = to.step;
      return rollbacks;
    },
    async state() {
      const arrays = flattenState(await stepper.fetch(), leaves);
      expectFinite(arrays, taken);
      return { arrays, step: taken, seed, ...(rollbacks.length > 0 && { rollbacks }) };
    },
    async params() {
      const { params, average } = await stepper.fetch();
      if (ema === 0) return params;
      const { leaves: values, rebuild } = treeFlatten(params);
      return stepper.project(rebuild(values.map((v, i) => average[leaves[i]?.path ?? ""] ?? v)));
    },
    timings: { startMs, traceMs: stepper.traceMs, compileMs: stepper.compileMs },
    flops: stepper.flops,
    parameters: treeFlatten(params).leaves.reduce(
      (sum, { shape }, i) => sum + (leaves[i]?.kind === "fixed" ? 0 : sizeOf(shape)),
      0,
    ),
    dispose: () => stepper.dispose(),
  };
}

/**
 * Parameters, or as many numbers, that are in memory when training begins: those that the start has made, and their state (values
 * and two moments) on the host and where the executor computes.
 */
const COPIES = 1 + 2 * 3;

/** How often the arrays of a layer are there once more while its start values are found: what they come from, and programs that hold them. */
const AGAIN = 2;

/** Says which batch would fit: a power of two, from what memory is used in proportion on. */
async function refuseBatch(
  { bytes, available }: MemoryError,
  { flow, executor, leaves, params, batchSize, clip }: StepperOptions,
): Promise<never> {
  let batch = 2 ** Math.floor(Math.log2((batchSize * available) / bytes));
  for (; batch >= 1; batch /= 2) {
    try {
      const specs = gradientSpecs(flow, params, batch) as readonly JsTree<ArraySpec>[];
      executor.expectRoom?.(makeWholeDescent(flow, leaves, clip), specs);
      break;
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  }
  const fits = batch >= 1 ? `a batch of ${batch} fits` : "not even a batch of 1 fits";
  throw new MemoryError(`a step of ${batchSize} examples`, bytes, available, { fits });
}

function checkOptions(
  options: TrainOptions & {
    seed: number;
    learningRate: number;
    orthogonalRate: number;
    clip: number;
    ema: number;
  },
): void {
  const { state, seed, steps, learningRate, orthogonalRate, clip, ema } = options;
  const expect = (ok: boolean, what: string): void => {
    if (!ok) throw new UsageError(what);
  };
  expect(
    Number.isInteger(steps) && steps >= 1,
    `the number of steps must be a positive integer, got ${steps}`,
  );
  expect(Number.isSafeInteger(seed) && seed >= 0, `the seed must be a non-negative integer, got ${seed}`);
  expect(
    learningRate > 0 && Number.isFinite(learningRate),
    `the learning rate must be positive and finite, got ${learningRate}`,
  );
  expect(
    orthogonalRate >= 0 && Number.isFinite(orthogonalRate),
    `the rate of orthogonal parameters must be finite and not negative, got ${orthogonalRate}`,
  );
  expect(clip > 0, `the gradient's norm must be clipped to a positive number, got ${clip}`);
  expect(ema >= 0 && ema < 1, `the decay of the weight average must be in [0, 1), got ${ema}`);
  if (state && state.seed !== seed)
    throw new CheckpointError(`the checkpoint was made with seed ${state.seed}, not ${seed}`);
}

const scalarArray = (value: number): HostArray => new HostArray(Float32Array.of(value), [], np.float32);

const scalarArrays = ({ rate, floor }: { rate: number; floor: number }) => ({
  rate: scalarArray(rate),
  floor: scalarArray(floor),
});
