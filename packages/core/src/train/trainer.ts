import { type JsTree, numpy as np } from "@jax-js/jax";
import { MemoryError, type NotFiniteError, UsageError } from "../errors.js";
import { ArraySpec } from "../executor/executor.js";
import { rangeOfBatch } from "../executor/parts.js";
import { bitsPerDimension } from "../flow.js";
import { lifetime } from "../lifetime.js";
import { shapeKey } from "../math/keys.js";
import { makeRng } from "../math/rng.js";
import { noiseDrawer } from "../noise.js";
import { lazy } from "../on-demand.js";
import { HostArray } from "../params/host-array.js";
import { parameterPaths, type TrainedPath } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten, treeMap } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import { adamScalars } from "./adam.js";
import { fastestStepper, partsToTry, partsWithin, usualParts } from "./batch-parts.js";
import { type Rows, rowsOf } from "./batch-share.js";
import { pairsOf, STREAM } from "./data.js";
import { expectFinite, stepNotFinite } from "./diagnose.js";
import { type ByPath, fittedAgain, initValues } from "./init-params.js";
import { expectMemoryToTrain, refuseBatch } from "./memory.js";
import { muonSize } from "./muon.js";
import { type TrainOptions, withDefaults } from "./options.js";
import { cosineSchedule, findRate, shortening, withRollback } from "./rates.js";
import { type DataIn, type ExampleReader, pairReader } from "./source.js";
import {
  flattenState,
  freshState,
  type HostState,
  type Rollback,
  type TrainingState,
  takeToHost,
  unflattenState,
} from "./state.js";
import { averageDecay } from "./step.js";
import type { Batch } from "./stepper.js";

/** What a step reports; `loss` in nats, `bpd` in bits per dimension, on this batch before the step. */
export type StepReport = Readonly<{ step: number; loss: number; bpd: number; gradNorm: number; lr: number }>;

/** Steps between two comparisons of the parameters of all processes that train together. */
const COMPARED_EVERY = 100;

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
  /** The whole state, copied to the host; of several processes that train together all ask for it. Errors: `NotFiniteError` where a number of it is NaN or infinite. */
  state(): Promise<TrainingState>;
  /** The parameters (with weight averaging, their average), copied to the host. */
  params(): Promise<JsTree<HostArray>>;
  /**
   * Parameters that are fitted to data and stay as they are in training, from all of fewer than 5,000 examples: those of the run and those
   * that were held out. By their paths, for the end of a run with the parameters `known`, when those have done their work; the state
   * stays as it is.
   */
  fitAgain(all: DataIn | ExampleReader, known: JsTree<HostArray>): Promise<ByPath>;
  /** `stepMs`: a step, where the parts of a batch were timed. */
  timings: Readonly<{ startMs: number; traceMs: number; compileMs: number; stepMs?: number }>;
  /** In how many parts the examples of this process are computed. */
  parts: number;
  /** Counted operations of one step's products and convolutions, where the executor counts them. */
  flops: number | undefined;
  /** Numbers that the optimizer moves. */
  parameters: number;
  /** Gives memory and programs back; calls after the first do nothing. */
  dispose(): Promise<void>;
}>;

/**
 * Prepares a run: initial values, compiled step. Data order and noise are functions of (seed, step), so
 * a run that goes on from `state` repeats what it would have been.
 *
 * Errors: `UsageError`, `DataError`, `DomainError`, `CheckpointError`, `MemoryError` with a batch that fits,
 * all before the first step; those of a data source also at the step that asks for its batch.
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
  const all = withDefaults(options);
  const { flow, executor, steps, batchSize, share, check, clip, ema, seed, warmup } = all;
  const data = pairReader("createTrainer", options.data, options.condition, flow);
  const pairs = pairsOf(data, flow, all);

  const shapes = flow.init(shapeKey());
  // what never moves needs no gradient
  const params = treeMap(({ shape, dtype }: np.Array) => new ArraySpec(shape, dtype), shapes);
  const specs = treeFlatten(params).leaves;
  const leaves = parameterPaths(shapes, flow.parameterKinds).map((leaf): TrainedPath => {
    if (leaf.kind === "orthogonal" && all.orthogonalRate === 0) return { ...leaf, kind: "fixed" };
    return all.optimizer === "muon" && leaf.as === "kernel" ? { ...leaf, kind: "kernel" } : leaf;
  });
  treeDispose(shapes);
  if (leaves.every(({ kind }) => kind === "fixed"))
    throw new UsageError("there is nothing to train: every parameter of the flow is fixed");
  let startMs = 0;
  let like: HostState | undefined; // a state of the right shapes
  const start = lazy(async (): Promise<HostState> => {
    const started = performance.now();
    // the values of a run that goes on only give the shapes
    const values = options.state
      ? await takeToHost(flow.init(shapeKey()))
      : ((await options.start?.()) ?? (await takeToHost(await initValues({ ...all, data }))));
    like = freshState(values, leaves, ema);
    const host = options.state ? unflattenState(options.state.arrays, like, leaves) : like;
    startMs = performance.now() - started;
    return host;
  });
  const programs = { flow, executor, leaves, params, batchSize, share, clip, ema, onCompile: all.onCompile };
  expectMemoryToTrain(programs);
  const draw = noiseDrawer(flow.forwardNoise, batchSize);
  /** Examples, noise and conditions of a step, or those of some rows. */
  const batchOf = async (step: number, { from, to }: Rows = { from: 0, to: batchSize }): Promise<Batch> => {
    const [x, ...conditions] = (await pairs(step, { from, to })) as [HostArray, ...HostArray[]];
    return [x, rangeOfBatch(draw(makeRng(seed, STREAM.noise, step)), from, to), ...conditions];
  };
  const schedules = (euclidean: number, orthogonal: number) => ({
    euclidean: cosineSchedule({ peak: euclidean, steps, warmup }),
    orthogonal: cosineSchedule({ peak: orthogonal, steps, warmup }),
  });
  /** What changes from step to step beside what the stepper keeps. */
  const run = {
    taken: options.state?.step ?? 0,
    rollbacks: options.state?.rollbacks ?? [],
    rates: schedules(all.learningRate, all.orthogonalRate),
  };

  type Stepper = Pick<Awaited<ReturnType<typeof fastestStepper>>["stepper"], "rows" | "take">;
  /** Step number `taken` of a stepper, with these step sizes. */
  const stepOf = async ({ rows, take }: Stepper, taken: number, lr: number, orthogonalLr: number) =>
    take(
      await batchOf(taken, rows),
      {
        euclidean: scalarArrays(adamScalars(lr, taken)),
        orthogonal: scalarArrays(adamScalars(orthogonalLr, taken)),
      },
      { rate: scalarArray(lr * muonSize(steps)), decay: scalarArray(averageDecay(ema, taken)) },
    );
  const { parts: wanted } = options;
  const { from, to } = rowsOf(batchSize, share);
  const parameters = leaves.reduce(
    (sum, { kind }, i) => sum + (kind === "fixed" ? 0 : sizeOf(specs[i]?.shape ?? [])),
    0,
  );
  const isTimed = wanted === "fastest" && !share;
  const candidates = isTimed
    ? partsToTry(executor, to - from)
    : typeof wanted === "number"
      ? [partsWithin(executor, to - from, wanted)]
      : [usualParts(flow, executor, to - from, parameters)];
  const {
    stepper,
    parts,
    ms: stepMs,
  } = await fastestStepper({ ...programs, start }, { candidates, isTimed }, (each) =>
    stepOf(each, run.taken, run.rates.euclidean(run.taken), run.rates.orthogonal(run.taken)),
  ).catch((error: unknown) => {
    if (error instanceof MemoryError) return refuseBatch(error, programs);
    throw error;
  });

  /** Takes the next step with these step sizes; throws where it is not finite. */
  const take = async (lr: number, orthogonalLr: number): Promise<{ loss: number; gradNorm: number }> => {
    const { taken } = run;
    // all processes look at the whole batch, so that they find the same
    const diagnose = async () => stepper.nonFiniteLayer(await batchOf(taken));
    const found = check ? await diagnose() : undefined;
    if (found) throw stepNotFinite(taken + 1, found);
    const { loss, gradNorm } = await stepOf(stepper, taken, lr, orthogonalLr);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      const culprit = (await diagnose()) ?? (await stepper.nonFiniteGradient());
      throw stepNotFinite(taken + 1, culprit, { loss, gradNorm });
    }
    run.taken++;
    if (share && run.taken % COMPARED_EVERY === 0) await stepper.compare(share, run.taken);
    return { loss, gradNorm };
  };

  const life = lifetime("trainer");
  return {
    get taken() {
      return run.taken;
    },
    step: life.during(async () => {
      const { taken, rates, rollbacks } = run;
      const shorter = shortening(rollbacks, taken + 1);
      const lr = rates.euclidean(taken) * shorter;
      const { loss, gradNorm } = await take(lr, rates.orthogonal(taken) * shorter);
      return { step: taken, loss, bpd: bitsPerDimension(-loss, flow.dimensions), gradNorm, lr };
    }),
    findRate: life.during(async (rates) => {
      const before = await stepper.fetch();
      const from = run.taken;
      const peak = await findRate(rates, steps, {
        take: async (rate) => (await take(rate, rate)).loss,
        async reset() {
          run.taken = from;
          await stepper.restore(before);
        },
      });
      run.rates = schedules(peak, peak);
      return peak;
    }),
    rollBack: life.during(async (to, failure) => {
      run.rollbacks = withRollback(run.rollbacks, failure, to.step);
      await stepper.restore(unflattenState(to.arrays, like as HostState, leaves));
      run.taken = to.step;
      return run.rollbacks;
    }),
    state: life.during(async () => {
      const { taken, rollbacks } = run;
      const arrays = flattenState(await stepper.fetch(), leaves);
      expectFinite(arrays, taken);
      return { arrays, step: taken, seed, ...(rollbacks.length > 0 && { rollbacks }) };
    }),
    params: life.during(async () => {
      const { params, average } = await stepper.fetchValues();
      if (ema === 0) return params;
      const { leaves: values, rebuild } = treeFlatten(params);
      return stepper.project(rebuild(values.map((v, i) => average[leaves[i]?.path ?? ""] ?? v)));
    }),
    fitAgain: (given, known) => fittedAgain({ ...all, known, data: given }),
    timings: {
      startMs,
      traceMs: stepper.traceMs,
      compileMs: stepper.compileMs,
      ...(stepMs !== undefined && { stepMs }),
    },
    flops: stepper.flops,
    parameters,
    parts,
    dispose: life.disposer(() => stepper.dispose()),
  };
}

const scalarArray = (value: number): HostArray => new HostArray(Float32Array.of(value), [], np.float32);

const scalarArrays = ({ rate, floor }: { rate: number; floor: number }) => ({
  rate: scalarArray(rate),
  floor: scalarArray(floor),
});
