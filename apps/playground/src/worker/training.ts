import {
  createTrainer,
  type Executor,
  type Flow,
  FlowModel,
  type HostArray,
  type Items,
  type Trainer,
  type TrainingState,
} from "@flowify/core";
import type { JsTree } from "@jax-js/jax";
import { nameOf, orInWasm } from "./backend.js";
import { breathe } from "./breathe.js";
import { oneByOne } from "./one-by-one.js";

/** What a part shows of a flow in training: compiled once, then asked again and again. */
export type Viewer<V> = Readonly<{
  view(params: JsTree<HostArray>, step: number): Promise<V>;
  dispose(): Promise<void>;
}>;

type TrainingOptions<V, W> = {
  flow: Flow;
  data: Items;
  executor: Executor;
  steps: number;
  batchSize: number;
  learningRate: number;
  seed: number;
  /** Goes on from here. */
  state?: TrainingState | undefined;
  makeViewer: (flow: Flow, executor: Executor) => Promise<W & Viewer<V>>;
};

/** What a run tells while it goes. */
export type TrainingEvent<V> =
  /** Mean log p of each step's batch, in nats, from step `first` on. */
  | Readonly<{ kind: "logProb"; first: number; values: Float32Array }>
  | Readonly<{ kind: "view"; view: V }>
  /** The device was lost: the run goes on in Wasm, from the state that is kept. */
  | Readonly<{ kind: "fallback"; why: string; device: string }>;

type RunOptions<V> = {
  /** Steps at most; default all that are left. */
  steps?: number | undefined;
  /** Milliseconds between two views at least; they also take at most a third of the time. */
  viewEvery: number;
  signal: AbortSignal;
  emit: (event: TrainingEvent<V>) => void;
};

/** Where a run stands: `finished` at the end of the schedule. */
export type Standing = Readonly<{ taken: number; finished: boolean }>;

/** Training that is paused, stepped, watched and asked while it goes: what touches the state takes turns. */
export type Training<V, W extends Viewer<V>> = Readonly<{
  readonly device: string;
  readonly taken: number;
  readonly parameters: number;
  run(options: RunOptions<V>): Promise<Standing>;
  view(): Promise<V>;
  /** Asks the viewer something else about the flow as it is. */
  ask<T>(question: (viewer: W, params: JsTree<HostArray>) => Promise<T>): Promise<T>;
  /** A model with the parameters as they are; the caller disposes of it. */
  model(): Promise<FlowModel>;
  state(): Promise<TrainingState>;
  dispose(): Promise<void>;
}>;

/** Milliseconds after which a run lets messages in, and after which it tells what its steps gave. */
const BREATH = 60;
const TELLING = 250;

/** Errors: those of `createTrainer`; of `run`, `NotFiniteError`, after which the state is as before the step. */
export async function startTraining<V, W extends Viewer<V>>(
  options: TrainingOptions<V, W>,
): Promise<Training<V, W>> {
  const { makeViewer, state, executor: wanted, ...rest } = options;
  const { flow, steps: total } = rest;
  let executor = wanted;
  const turns = oneByOne();
  let trainer: Trainer;
  let viewer: W | undefined;
  let kept = state;
  let fallback: string | undefined; // why, until a run has told it

  const open = (): Promise<Trainer> =>
    createTrainer({ ...rest, executor, startItems: 1024, ...(kept && { state: kept }) });
  const close = async (): Promise<void> => {
    await viewer?.dispose();
    viewer = undefined;
    await trainer.dispose();
  };
  /** Does the work in its turn, again on Wasm where the device is lost meanwhile. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const withFallback = async (on: Executor, why?: string): Promise<T> => {
      if (on !== executor) {
        await close().catch(() => {}); // what was there is lost with the device
        executor = on;
        trainer = await open();
        fallback = why;
      }
      return work();
    };
    return turns(() => orInWasm(executor, withFallback));
  };
  const ask = async <T>(question: (viewer: W, params: JsTree<HostArray>) => Promise<T>): Promise<T> => {
    viewer ??= await makeViewer(flow, executor);
    return question(viewer, await trainer.params());
  };
  const look = async (): Promise<V> => {
    kept = await trainer.state();
    return ask((of, params) => of.view(params, trainer.taken));
  };

  trainer = await orInWasm(executor, (on) => {
    executor = on;
    return open();
  });

  async function run({ signal, emit, viewEvery, steps = total }: RunOptions<V>): Promise<Standing> {
    const end = Math.min(total, trainer.taken + steps);
    let values: number[] = [];
    let first = trainer.taken;
    let breathed = performance.now();
    let told = breathed;
    let seen = breathed;
    let cost = 0;
    const tell = (): void => {
      if (fallback !== undefined) {
        emit({ kind: "fallback", why: fallback, device: nameOf(executor) });
        fallback = undefined;
        first = trainer.taken - values.length;
      }
      if (values.length > 0) emit({ kind: "logProb", first, values: Float32Array.from(values) });
      first = trainer.taken;
      values = [];
    };
    const show = async (): Promise<void> => {
      const started = performance.now();
      const view = await inTurn(look);
      tell();
      emit({ kind: "view", view });
      seen = performance.now();
      cost = seen - started;
    };
    try {
      while (trainer.taken < end && !signal.aborted) {
        values.push(-(await inTurn(() => trainer.step())).loss);
        const now = performance.now();
        if (now - told > TELLING) {
          tell();
          told = now;
        }
        if (now - breathed > BREATH) {
          await breathe();
          breathed = performance.now();
        }
        if (now - seen > Math.max(viewEvery, 2 * cost) && trainer.taken < end) await show();
      }
    } finally {
      tell();
    }
    await show();
    return { taken: trainer.taken, finished: trainer.taken >= total };
  }

  return {
    get device() {
      return nameOf(executor);
    },
    get taken() {
      return trainer.taken;
    },
    get parameters() {
      return trainer.parameters;
    },
    run,
    view: () => inTurn(look),
    ask: (question) => inTurn(() => ask(question)),
    model: () => inTurn(async () => new FlowModel(flow, await trainer.params(), executor)),
    state: () => inTurn(() => trainer.state()),
    dispose: () => inTurn(close),
  };
}
