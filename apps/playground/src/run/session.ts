import { createTrainer, type Executor, type Flow, type HostArray, type NotFiniteError } from "@flowify/core";
import { runSteps, trainingDefaults } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import type { JsTree } from "@jax-js/jax";
import { type ImageRunConfig, type RunConfig, sha256, trainerOptions } from "flowify/format";
import { compileRows, type RowsFunction, specsOf } from "../worker/compile-rows.js";
import { ledgerRows, meanLedger, sum } from "../worker/ledger-rows.js";
import { flowOf, type OpenRun } from "./open-run.js";

/** Images for training and for measuring: bytes [n, C, H, W]. */
export type RunImages = Readonly<{
  name: string;
  shape: ImageRunConfig["data"]["shape"];
  train: Uint8Array;
  measure: Uint8Array;
  /** Held-out images: they decide which state is kept. */
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

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The training images as the configuration of a run describes them. */
async function dataOf(
  images: RunImages,
  shape: ImageRunConfig["data"]["shape"],
): Promise<ImageRunConfig["data"]> {
  const examples = images.train.length / sizeOf(shape);
  return { name: images.name, dir: null, examples, validation: 0, shape, hash: await sha256(images.train) };
}

/** The options of a run's trainer, on so many images. */
const optionsOf = (config: RunConfig, count: number) => ({
  ...trainerOptions(config),
  batchSize: Math.min(config.batch, count),
});

/** Largest number of measurements on held-out images, and the fewest steps between two of them. */
const MEASUREMENTS = 20;
const FEWEST_BETWEEN = 5;
/**
 * Measurements worse than the initial one after which a run restarts with a tenth of its rate; and the number of
 * restarts.
 */
const PATIENCE = 2;
const MOST_RATES = 4;
/** Images in one measuring call. */
const ROWS = 64;

type Ends = Readonly<{ signal: AbortSignal; tell: (progress: Progress) => void }>;

/**
 * Trains a run for some more steps on these images. The schedule of the step size ends there, or at its earlier end.
 * The result has the best state on held-out images, which is never worse than the initial one. If the first steps only
 * make it worse, training restarts with a smaller rate. The run in the argument does not change.
 *
 * @throws NotFiniteError if the network diverges at every rate before any state was better
 */
export async function trainFurther(
  run: OpenRun,
  executor: Executor,
  images: RunImages,
  steps: number,
  ends: Ends,
): Promise<{ run: OpenRun; trained: Trained }> {
  const { shape } = run.config.data;
  const data = await dataOf(images, shape);
  const until = run.state.step + steps;
  const config: ImageRunConfig = {
    ...run.config,
    data: data.hash === run.config.data.hash ? run.config.data : data,
    steps: Math.max(run.config.steps, until),
    batch: Math.min(run.config.batch, data.examples),
    device: executor.name as RunConfig["device"],
  };
  const judge = await makeJudge(run.flow, executor, images.heldOut, config.seed);
  try {
    for (let rates = 1, { training } = config; ; rates++, training = slower(training)) {
      const attempt = { ...run, config: { ...config, training } };
      const found = await trainAttempt(attempt, executor, images, { steps, judge, ...ends });
      const { best, worsened, failure } = found;
      if (!worsened || rates === MOST_RATES || ends.signal.aborted) {
        if (failure && worsened) throw failure;
        const { learningRate } = training;
        const trained = { taken: found.taken, best: best.state.step - run.state.step, learningRate };
        const metrics = found.metrics.filter(({ step }) => step <= best.state.step);
        // without a better state the run keeps its state and its rate
        return { run: trained.best === 0 ? run : { ...attempt, state: best.state, metrics }, trained };
      }
    }
  } finally {
    await judge.dispose();
  }
}

const slower = (training: RunConfig["training"]): RunConfig["training"] => ({
  ...training,
  learningRate: training.learningRate / 10,
  orthogonalRate: training.orthogonalRate / 10,
});

type Judge = Readonly<{ measure(params: JsTree<HostArray>): Promise<number>; dispose(): Promise<void> }>;

/** Measures mean log p of images, with the same noise each time. */
async function makeJudge(flow: Flow, executor: Executor, images: Uint8Array, seed: number): Promise<Judge> {
  let compiled: RowsFunction | undefined;
  return {
    async measure(params) {
      compiled ??= await compileRows(executor, flow.ledger, {
        params: specsOf(params),
        rows: ROWS,
        shape: flow.domain.shape,
        noise: flow.forwardNoise,
      });
      const rows = await ledgerRows(flow, compiled, params, images, (part) => makeRng(seed, 31, part));
      return sum(meanLedger(rows, flow));
    },
    dispose: async () => compiled?.dispose(),
  };
}

/** Trains at one rate. `worsened`: training stopped because every measurement was worse than the initial one. */
async function trainAttempt(
  run: OpenRun,
  executor: Executor,
  images: RunImages,
  { steps, judge, tell, signal }: Ends & Readonly<{ steps: number; judge: Judge }>,
) {
  const { config, flow } = run;
  const { examples: count } = config.data;
  const { step: start } = run.state;
  const every = Math.max(FEWEST_BETWEEN, Math.ceil(steps / MEASUREMENTS));
  const trainer = await createTrainer({
    flow,
    executor,
    data: { examples: images.train, count: images.train.length / sizeOf(config.data.shape) },
    ...optionsOf(config, count),
    state: run.state,
  });
  const metrics = [...run.metrics];
  try {
    let best = { state: run.state, logProb: await judge.measure(await trainer.params()) };
    let worse = 0;
    let failure: NotFiniteError | undefined;
    await runSteps({
      trainer: () => trainer,
      until: start + steps,
      stopped: () => signal.aborted || worse >= PATIENCE || failure !== undefined,
      onStep({ loss, bpd, gradNorm, lr }) {
        const { taken } = trainer;
        const epoch = Math.floor(((taken - 1) * config.batch) / count) + 1;
        metrics.push({ step: taken, epoch, loss, bpd, gradNorm, lr });
        tell({ stage: `step ${taken}`, done: taken - start, of: steps, bpd });
      },
      measure: {
        every,
        last: start,
        async state() {
          if (failure) return;
          const logProb = await judge.measure(await trainer.params());
          if (logProb > best.logProb) best = { state: await trainer.state(), logProb };
          else if (best.state === run.state) worse++;
        },
      },
      // no way back: what was best is kept, and the run ends
      async recover(error) {
        failure = error;
      },
    });
    const taken = trainer.taken - start;
    const worsened = (worse > 0 || failure !== undefined) && best.state === run.state;
    return { best, taken, metrics, worsened, failure };
  } finally {
    await trainer.dispose();
  }
}

/** Network and data of a new run. */
export type NewRun = Pick<
  RunConfig,
  "network" | "description" | "pretrained" | "flow" | "batch" | "steps" | "seed"
> &
  Pick<OpenRun, "weights" | "original">;

/** A new run, initialized from the images. */
export async function beginRun(
  { weights, original, ...chosen }: NewRun,
  executor: Executor,
  images: RunImages,
  tell: (progress: Progress) => void,
): Promise<OpenRun> {
  const data = await dataOf(images, images.shape);
  const config: ImageRunConfig = {
    format: "flowify-run",
    version: 2,
    ...chosen,
    recipe: null,
    data,
    device: executor.name as RunConfig["device"],
    training: {
      learningRate: trainingDefaults.learningRate,
      orthogonalRate: trainingDefaults.learningRate,
      warmup: Math.ceil(chosen.steps / 10),
      clip: trainingDefaults.clip,
      ema: trainingDefaults.ema,
      init: "data",
      initExamples: trainingDefaults.initExamples,
      augment: trainingDefaults.augment,
    },
    checkpointEvery: chosen.steps,
    evaluateEvery: 1,
    pictures: "each",
  };
  const flow = flowOf(config, weights);
  const trainer = await createTrainer({
    flow,
    executor,
    data: { examples: images.train, count: data.examples },
    ...optionsOf(config, data.examples),
    onInit: (layer, done) => tell({ stage: `initializing ${layer}`, done, of: flow.chain.layers.length }),
  });
  try {
    const state = await trainer.state();
    return {
      config,
      flow,
      state,
      metrics: [],
      skipped: [],
      ...(weights && { weights }),
      ...(original && { original }),
    };
  } finally {
    await trainer.dispose();
  }
}
