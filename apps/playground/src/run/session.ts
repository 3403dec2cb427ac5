import { type Executor, type NotFiniteError, type TrainingState, UsageError } from "@flowify/core";
import { trainingDefaults } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type ImageRunConfig, sha256, trainerOptions, usualTraining } from "flowify/format";
import { type Kept, startTraining, type Training, type Viewer } from "../worker/training.js";
import { flowOf, type OpenRun } from "./open-run.js";

/** Images of a run: bytes [n, C, H, W]. Held-out images decide which state is kept, and are measured. */
export type RunImages = Readonly<{
  name: string;
  shape: ImageRunConfig["data"]["shape"];
  train: Uint8Array;
  heldOut: Uint8Array;
}>;

/** Result of further training, measured on held-out images. */
export type Trained = Readonly<{
  /** Steps taken, and the step with the best likelihood of the held-out images, whose state is kept. */
  taken: number;
  best: number;
  learningRate: number;
}>;

export type Progress = Readonly<{ stage: string; done: number; of: number; bpd?: number }>;

/** A run, perhaps before its initialization. */
export type RunStart = Omit<OpenRun, "state"> & Readonly<{ state?: TrainingState }>;

/** A run in training. */
export type RunSession<V> = Readonly<{ run: RunStart; training: Training<V> }>;

type SessionOptions<V> = Readonly<{
  executor: Executor;
  images: RunImages;
  viewer?: Viewer<V>;
  /** The best state before that of the run. */
  best?: Kept["best"];
  tell?: (progress: Progress) => void;
}>;

/** Network and schedule of a new run. */
export type NewRun = Pick<ImageRunConfig, "network" | "description" | "pretrained" | "flow"> &
  Pick<ImageRunConfig["training"], "batchSize" | "steps" | "seed"> &
  Pick<OpenRun, "weights" | "original"> &
  Readonly<{ learningRate?: number }>;

/** Examples for the initialization. */
const INIT = 1024;

/** A new run on these images. */
export async function newRun(
  { weights, original, steps, batchSize, seed, learningRate = usualTraining.learningRate, ...chosen }: NewRun,
  images: RunImages,
): Promise<RunStart> {
  const config: ImageRunConfig = {
    format: "flowify-run",
    version: 3,
    ...chosen,
    recipe: null,
    data: await dataOf(images),
    device: "jax",
    training: {
      ...usualTraining,
      steps,
      batchSize,
      seed,
      learningRate,
      orthogonalRate: learningRate,
      warmup: trainingDefaults.warmup(steps),
      initExamples: INIT,
    },
    checkpointEvery: steps,
    evaluateEvery: 1,
    pictures: "each",
  };
  const flow = flowOf(config, weights);
  const files = { ...(weights && { weights }), ...(original && { original }) };
  return { config, flow, metrics: [], skipped: [], ...files };
}

/** The training images as the configuration of a run describes them. */
async function dataOf({ name, shape, train }: RunImages): Promise<ImageRunConfig["data"]> {
  const examples = train.length / sizeOf(shape);
  return { name, dir: null, examples, validation: 0, shape, hash: await sha256(train) };
}

/** The run on these images, with a schedule of so many steps in all. */
export async function continued(
  run: RunStart,
  images: RunImages,
  { steps, learningRate }: { steps: number; learningRate?: number },
): Promise<RunStart> {
  const { config } = run;
  const data = await dataOf(images);
  const training = {
    ...config.training,
    steps,
    batchSize: Math.min(config.training.batchSize, data.examples),
    ...(learningRate !== undefined && { learningRate, orthogonalRate: learningRate }),
  };
  return {
    ...run,
    config: {
      ...config,
      training,
      data: data.hash === config.data.hash ? config.data : data,
    },
  };
}

/** Places a run on the device, ready to train. */
export async function startRun<V>(
  run: RunStart,
  { executor, images, viewer, best, tell }: SessionOptions<V>,
): Promise<RunSession<V>> {
  const { flow, config, state } = run;
  const training = await startTraining<V>({
    flow,
    executor,
    data: { examples: images.train, count: images.train.length / sizeOf(images.shape) },
    ...trainerOptions(config),
    ...(state && { kept: { state, best } }),
    heldOut: images.heldOut,
    viewer,
    onInit: (layer, done) => tell?.({ stage: `initializing ${layer}`, done, of: flow.chain.layers.length }),
  });
  return { run, training };
}

/** The run with its best state so far. */
export async function bestOf<V>({ run, training }: RunSession<V>): Promise<OpenRun> {
  const { config } = run;
  const { state, reports } = await training.best();
  const lines = reports.map(({ step, loss, bpd, gradNorm, lr }) => ({
    step,
    epoch: Math.floor(((step - 1) * config.training.batchSize) / config.data.examples) + 1,
    loss,
    bpd,
    gradNorm,
    lr,
  }));
  const device = training.device === "WebGPU" ? "webgpu" : "jax";
  return {
    ...run,
    config: { ...config, device },
    state,
    metrics: [...run.metrics, ...lines].filter(({ step }) => step <= state.step),
  };
}

/** Factors of the learning rate, one after the other where training only makes held-out images less likely. */
const RATES = [1, 0.1, 0.01, 0.001];
/** Measurements worse than the first after which a rate is given up. */
const PATIENCE = 2;

/**
 * Trains a run for some more steps. The result starts with the best state on held-out images, never worse than the
 * present one. Where the first steps only make it worse, training starts again with a smaller rate.
 *
 * @throws NotFiniteError if the network diverges at every rate before any state was better
 */
export async function trainFurther<V>(
  start: OpenRun,
  steps: number,
  { signal, ...options }: SessionOptions<V> & Readonly<{ signal: AbortSignal }>,
): Promise<{ session: RunSession<V>; trained: Trained }> {
  const { step: first } = start.state;
  let failure: NotFiniteError | undefined;
  for (const factor of RATES) {
    const learningRate = start.config.training.learningRate * factor;
    const total = Math.max(start.config.training.steps, first + steps);
    const run = await continued(start, options.images, { steps: total, learningRate });
    const session = await startRun(run, options);
    const giveUp = new AbortController();
    let worse = 0;
    failure = undefined;
    try {
      await session.training.run({
        steps,
        viewEvery: Number.POSITIVE_INFINITY,
        signal: AbortSignal.any([signal, giveUp.signal]),
        emit(event) {
          if (event.kind === "logProb") {
            const done = event.first + event.values.length - first;
            const bpd = -event.values.at(-1)! / (start.flow.dimensions * Math.LN2);
            options.tell?.({ stage: `step ${first + done}`, done, of: steps, bpd });
          } else if (event.kind === "heldOut" && event.step > first) {
            worse = event.best ? Number.NEGATIVE_INFINITY : worse + 1;
            if (worse >= PATIENCE) giveUp.abort();
          }
        },
      });
    } catch (error) {
      if ((error as Error).name !== "NotFiniteError") throw error;
      failure = error as NotFiniteError;
    }
    const { taken } = session.training;
    const { state } = await session.training.best();
    const best = state.step - first;
    if (best > 0 || signal.aborted || (factor === RATES.at(-1) && !failure))
      return { session, trained: { taken: taken - first, best, learningRate } };
    await session.training.dispose();
    if (failure && factor === RATES.at(-1)) throw failure;
  }
  throw new UsageError("there is no learning rate to try");
}
