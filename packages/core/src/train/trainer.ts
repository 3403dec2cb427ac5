import { type JsTree, numpy as np, random } from "@jax-js/jax";
import { CheckpointError, NotFiniteError, UsageError } from "../errors.js";
import { ArraySpec, type Compiled, type Executor, HostArray, type PlacedArray } from "../executor.js";
import { bitsPerDimension, type Flow } from "../flow.js";
import type { Items } from "../items.js";
import { fromHost } from "../math/host.js";
import { makeRng } from "../math/rng.js";
import { drawNoise, mapNoise, noiseShape } from "../noise.js";
import { treeFlatten, treeMap } from "../trees.js";
import { adamScalars } from "./adam.js";
import { batchSource, randomItems, STREAM } from "./data.js";
import { makeHealth } from "./diagnose.js";
import { leavesOf } from "./leaves.js";
import { cosineSchedule } from "./schedule.js";
import {
  flattenState,
  freshState,
  type HostState,
  type TrainingState,
  takeToHost,
  unflattenState,
} from "./state.js";
import { makeTrainStep, polishAll } from "./step.js";

export type TrainOptions = {
  flow: Flow;
  executor: Executor;
  data: Items;
  /** Steps of the whole run; the schedule ends there. */
  steps: number;
  /** Items a step. Default 128. */
  batchSize?: number;
  /** Decides everything random. Default 0. */
  seed?: number;
  /** Data-dependent start values (default) or random ones. */
  start?: "data" | "random";
  /** Items that the data-dependent start looks at. Default 4096. */
  startItems?: number;
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
  /** Goes on from here. */
  state?: TrainingState;
};

/** What a step reports; `loss` in nats, `bpd` in bits per dimension, on this batch before the step. */
export type StepReport = Readonly<{ step: number; loss: number; bpd: number; gradNorm: number; lr: number }>;

export type Trainer = Readonly<{
  /** Steps taken so far. */
  readonly taken: number;
  /** Takes one step. Errors: `NotFiniteError`; the state is then as before the step. */
  step(): Promise<StepReport>;
  /** The whole state, copied to the host. */
  state(): Promise<TrainingState>;
  /** The parameters (their average, with weight averaging), copied to the host. */
  params(): Promise<JsTree<HostArray>>;
  timings: Readonly<{ startMs: number; traceMs: number; compileMs: number }>;
  /** Counted operations of one step's products and convolutions, where the executor counts them. */
  flops: number | undefined;
  /** Numbers that the optimizer moves. */
  parameters: number;
  dispose(): Promise<void>;
}>;

/** Departure of the orthogonal parameters at which they are polished. */
const DRIFT_LIMIT = 2e-6;

type StepTree = { state: JsTree<PlacedArray> & { params: JsTree<PlacedArray>; drift: PlacedArray } } & {
  loss: PlacedArray;
  gradNorm: PlacedArray;
};

/** Prepares a run: start values, compiled step. Errors: `DataError`, `UsageError`, `CheckpointError`. */
export async function createTrainer(options: TrainOptions): Promise<Trainer> {
  const {
    flow,
    executor,
    data,
    steps,
    batchSize = 128,
    seed = options.state?.seed ?? 0,
    clip = 500,
    ema = 0,
  } = options;
  const { start = "data", startItems = 4096, learningRate = 1e-3, orthogonalRate = learningRate } = options;
  if (options.state && options.state.seed !== seed)
    throw new CheckpointError(`the checkpoint was made with seed ${options.state.seed}, not ${seed}`);
  if (!Number.isInteger(steps) || steps < 1)
    throw new UsageError(`the number of steps must be a positive integer, got ${steps}`);
  if (!(learningRate > 0 && orthogonalRate >= 0))
    throw new UsageError(`learning rates must be positive, got ${learningRate} and ${orthogonalRate}`);
  const warmup = options.warmup ?? Math.min(100, Math.ceil(steps / 10));
  const batches = batchSource(data, flow.domain, batchSize, seed);

  const started = performance.now();
  const key = random.key(seed);
  const initial =
    start === "data" && !options.state
      ? await (flow.chain.start as NonNullable<typeof flow.chain.start>)(
          key,
          fromHost(randomItems(data, flow.domain, startItems, seed)),
        )
      : flow.init(key);
  const leaves = leavesOf(initial, flow.manifolds);
  const fresh = freshState(await takeToHost(initial), leaves, ema);
  const host = options.state ? unflattenState(options.state.arrays, fresh, leaves) : fresh;
  const startMs = performance.now() - started;

  const spec = (a: HostArray): ArraySpec => new ArraySpec(a.shape, a.dtype);
  const scalar = new ArraySpec([], np.float32);
  const xSpec = new ArraySpec([batchSize, ...flow.inShape], np.float32);
  const noiseSpec = mapNoise(flow.forwardNoise, (d) => new ArraySpec(noiseShape(d, batchSize), np.float32));
  const scalarSpecs = {
    euclidean: { rate: scalar, floor: scalar },
    orthogonal: { rate: scalar, floor: scalar },
  };
  const stepFunction = await executor.compile(
    makeTrainStep(flow, leaves, { clip, ema }) as never,
    [treeMap(spec, host as JsTree<HostArray>), xSpec, noiseSpec as JsTree<ArraySpec>, scalarSpecs],
    { name: "train_step" },
  );
  const orthogonal = leaves.flatMap((leaf, i) => (leaf.manifold === "orthogonal" ? [i] : []));
  const hostLeaves = treeFlatten(host.params).leaves;
  const polish: Compiled | undefined = orthogonal.length
    ? await executor.compile(polishAll as never, [orthogonal.map((i) => spec(hostLeaves[i] as HostArray))], {
        name: "polish",
      })
    : undefined;

  const rate = cosineSchedule({ peak: learningRate, steps, warmup });
  const orthogonalRateAt = cosineSchedule({ peak: orthogonalRate, steps, warmup });
  let taken = options.state?.step ?? 0;
  let current: JsTree<PlacedArray> = await executor.place(host as JsTree<HostArray>);
  let last: StepTree | undefined; // the result that `current` is part of
  let spare: StepTree | undefined; // the one before: its arrays are written over

  const inputs = (step: number): { x: HostArray; noise: JsTree<HostArray> } => ({
    x: batches(step),
    noise: drawNoise(flow.forwardNoise, batchSize, makeRng(seed, STREAM.noise, step)) as JsTree<HostArray>,
  });
  const number = async (leaf: PlacedArray): Promise<number> =>
    ((await executor.fetch(leaf as JsTree<PlacedArray>)) as HostArray).data[0] as number;

  const polishState = async (result: StepTree): Promise<void> => {
    if (!polish) return;
    const all = treeFlatten(result.state.params);
    const mine = orthogonal.map((i) => all.leaves[i] as PlacedArray);
    const polished = treeFlatten(await polish.run([mine])).leaves as PlacedArray[];
    const next = [...all.leaves];
    orthogonal.forEach((i, k) => {
      next[i] = polished[k] as PlacedArray;
    });
    executor.release([...mine, result.state.drift]);
    result.state.params = all.rebuild(next);
    result.state.drift = (await executor.place(
      new HostArray(new Float32Array(1), [], np.float32),
    )) as PlacedArray;
  };

  const firstNotFinite = async (step: number): Promise<string> => {
    const params = (current as StepTree["state"]).params;
    const { x, noise } = inputs(step);
    const check = await executor.compile(
      makeHealth(flow) as never,
      [treeMap(spec, host.params), xSpec, noiseSpec as JsTree<ArraySpec>],
      { name: "health" },
    );
    const out = await check.run([params, x, noise]);
    const readings = (await executor.fetch(out)) as HostArray;
    executor.release(out);
    await check.dispose();
    const worst = Array.from(readings.data).findIndex((reading) => !Number.isFinite(reading));
    return worst < 0 ? "gradient" : (flow.ledgerLines[worst]?.layer ?? "base");
  };

  return {
    get taken() {
      return taken;
    },
    async step() {
      const { x, noise } = inputs(taken);
      const lr = rate(taken);
      const scalars = {
        euclidean: scalarArrays(adamScalars(lr, taken)),
        orthogonal: scalarArrays(adamScalars(orthogonalRateAt(taken), taken)),
      };
      const options = spare ? { into: spare as unknown as JsTree<PlacedArray> } : {};
      const result = (await stepFunction.run([current, x, noise, scalars], options)) as unknown as StepTree;
      spare = undefined;
      const loss = await number(result.loss);
      const gradNorm = await number(result.gradNorm);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        const layer = await firstNotFinite(taken);
        executor.release(result as unknown as JsTree<PlacedArray>);
        throw new NotFiniteError(
          taken,
          layer,
          `step ${taken}: the loss is ${loss}, the gradient's norm ${gradNorm}; the first that is not finite is ${layer}`,
        );
      }
      if ((await number(result.state.drift)) > DRIFT_LIMIT) await polishState(result);
      if (last) spare = last;
      else executor.release(current);
      last = result;
      current = result.state;
      const report = { step: taken, loss, bpd: bitsPerDimension(-loss, flow.dimensions), gradNorm, lr };
      taken++;
      return report;
    },
    async state() {
      const state = (await executor.fetch(current)) as HostState;
      return { arrays: flattenState(state, leaves), step: taken, seed };
    },
    async params() {
      const state = (await executor.fetch(current)) as HostState;
      if (ema === 0) return state.params;
      const { leaves: values, rebuild } = treeFlatten(state.params);
      return rebuild(values.map((v, i) => state.average[leaves[i]?.path ?? ""] ?? (v as HostArray)));
    },
    timings: {
      startMs,
      traceMs: stepFunction.traceMs + (polish?.traceMs ?? 0),
      compileMs: stepFunction.compileMs + (polish?.compileMs ?? 0),
    },
    flops: stepFunction.flops,
    parameters: leaves.reduce(
      (sum, leaf, i) => sum + (leaf.manifold === "fixed" ? 0 : (hostLeaves[i] as HostArray).data.length),
      0,
    ),
    async dispose() {
      executor.release(last ? (last as unknown as JsTree<PlacedArray>) : current);
      if (spare) executor.release(spare as unknown as JsTree<PlacedArray>);
      await stepFunction.dispose();
      await polish?.dispose();
    },
  };
}

const scalarArrays = ({ rate, floor }: { rate: number; floor: number }) => ({
  rate: new HostArray(Float32Array.of(rate), [], np.float32),
  floor: new HostArray(Float32Array.of(floor), [], np.float32),
});
