import {
  createTrainer,
  DeviceError,
  type Executor,
  type Flow,
  FlowModel,
  type HostArray,
  type Items,
  jaxExecutor,
  type Trainer,
  type TrainingState,
} from "@flowify/core";
import type { JsTree } from "@jax-js/jax";
import { nameOf } from "./backend.js";

/** What a part shows of a flow in training: compiled once, then asked again and again. */
export type Viewer<V> = Readonly<{
  view(params: JsTree<HostArray>, step: number): Promise<V>;
  dispose(): Promise<void>;
}>;

export type TrainingOptions<V> = {
  flow: Flow;
  data: Items;
  executor: Executor;
  steps: number;
  batchSize: number;
  learningRate: number;
  seed: number;
  /** Goes on from here. */
  state?: TrainingState | undefined;
  makeViewer: (flow: Flow, executor: Executor) => Promise<Viewer<V>>;
};

type RunOptions<V> = {
  /** Steps at most; default all that are left. */
  steps?: number | undefined;
  /** Milliseconds between two views at least; they also take at most a third of the time. */
  viewEvery: number;
  signal: AbortSignal;
  /** Mean log p of each step's batch, in nats, from step `first` on. */
  onLogProb: (first: number, values: Float32Array) => void;
  onView: (view: V) => void;
  /** The device was lost: the run goes on in Wasm, from the state that is kept. */
  onFallback: (why: string) => void;
};

/** Training that is paused, stepped and watched; calls wait for each other. */
export type Training<V> = Readonly<{
  readonly device: string;
  readonly taken: number;
  run(options: RunOptions<V>): Promise<{ taken: number; finished: boolean }>;
  view(): Promise<V>;
  /** A model with the parameters as they are; the caller disposes of it. */
  model(): Promise<FlowModel>;
  state(): Promise<TrainingState>;
  dispose(): Promise<void>;
}>;

/** Milliseconds after which a run lets messages in, and tells what its steps gave. */
const BREATH = 60;

const breathe = (): Promise<void> => new Promise((done) => setTimeout(done));

/** Errors: those of `createTrainer`; of `run`, `NotFiniteError`, after which the state is as before the step. */
export async function startTraining<V>(options: TrainingOptions<V>): Promise<Training<V>> {
  const { makeViewer, state, executor: first, ...rest } = options;
  const { flow } = rest;
  let executor = first;
  let trainer: Trainer;
  let viewer: Viewer<V> | undefined;
  let kept = state;
  let last: Promise<unknown> = Promise.resolve();

  const open = (): Promise<Trainer> =>
    createTrainer({ ...rest, executor, startItems: 1024, ...(kept && { state: kept }) });
  const close = async (): Promise<void> => {
    await viewer?.dispose();
    viewer = undefined;
    await trainer.dispose();
  };
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
  const look = async (): Promise<V> => {
    kept = await trainer.state();
    viewer ??= await makeViewer(flow, executor);
    return viewer.view(await trainer.params(), trainer.taken);
  };
  /** Does the work, on Wasm where the device is lost meanwhile. */
  const withFallback = async <T>(
    work: () => Promise<T>,
    told: (why: string) => void = () => {},
  ): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DeviceError) || executor.name === "jax") throw error;
      await close().catch(() => {}); // what was there is lost with the device
      executor = jaxExecutor();
      trainer = await open();
      told(error.message);
      return work();
    }
  };

  try {
    trainer = await open();
  } catch (error) {
    if (!(error instanceof DeviceError) || executor.name === "jax") throw error;
    executor = jaxExecutor();
    trainer = await open();
  }

  const run = async (wanted: RunOptions<V>): Promise<{ taken: number; finished: boolean }> => {
    const { signal, onLogProb, onView, onFallback, viewEvery } = wanted;
    const end = Math.min(options.steps, trainer.taken + (wanted.steps ?? options.steps));
    let losses: number[] = [];
    let first = trainer.taken;
    let breathed = performance.now();
    let seen = breathed;
    let cost = 0;
    const tell = (): void => {
      if (losses.length > 0)
        onLogProb(
          first,
          Float32Array.from(losses, (loss) => -loss),
        );
      first = trainer.taken;
      losses = [];
    };
    const show = async (): Promise<void> => {
      const started = performance.now();
      onView(await withFallback(look, onFallback));
      seen = performance.now();
      cost = seen - started;
    };
    try {
      while (trainer.taken < end && !signal.aborted) {
        losses.push((await withFallback(() => trainer.step(), onFallback)).loss);
        const now = performance.now();
        if (now - breathed > BREATH) {
          tell();
          await breathe();
          breathed = performance.now();
        }
        if (now - seen > Math.max(viewEvery, 2 * cost) && trainer.taken < end) await show();
      }
    } finally {
      tell();
    }
    await show();
    return { taken: trainer.taken, finished: trainer.taken >= options.steps };
  };

  return {
    get device() {
      return nameOf(executor);
    },
    get taken() {
      return trainer.taken;
    },
    run: (wanted) => exclusive(() => run(wanted)),
    view: () => exclusive(() => withFallback(look)),
    model: () => exclusive(async () => new FlowModel(flow, await trainer.params(), executor)),
    state: () => exclusive(() => trainer.state()),
    dispose: () => exclusive(close),
  };
}
