import {
  createTrainer,
  type Executor,
  type Flow,
  FlowModel,
  type HostArray,
  type StepReport,
  type Trainer,
  type TrainingState,
  type TrainOptions,
} from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import type { JsTree } from "@jax-js/jax";
import { nameOf, orInWasm } from "./backend.js";
import { serialQueue } from "./serial-queue.js";

/** Views of a flow in training: compiled once, then computed repeatedly. */
export type Viewer<V> = Readonly<{
  view(params: JsTree<HostArray>, step: number): Promise<V>;
  /** Mean log p of held-out examples, in nats. */
  measure(params: JsTree<HostArray>): Promise<number>;
  dispose(): Promise<void>;
}>;

/** The parameters with the best likelihood of held-out examples so far, which the page shows and saves. */
type Best = Readonly<{ state: TrainingState; step: number; logProb: number; params: JsTree<HostArray> }>;

/** State from which a run continues. */
export type Kept = Readonly<{ state: TrainingState; best: Best | undefined }>;

type TrainingOptions<V, W> = Omit<TrainOptions, "state"> & {
  /** Continues from this state. */
  kept?: Kept | undefined;
  makeViewer: (flow: Flow, executor: Executor) => Promise<W & Viewer<V>>;
};

/** Events of a run. */
export type TrainingEvent<V> =
  /** Mean log p of each step's batch, in nats, from step `first` on. */
  | Readonly<{ kind: "logProb"; first: number; values: Float32Array }>
  /** Mean log p of held-out examples after a step. */
  | Readonly<{ kind: "heldOut"; step: number; logProb: number }>
  /** The best so far. */
  | Readonly<{ kind: "view"; view: V }>
  /** The device was lost: the run continues in Wasm from the kept state. */
  | Readonly<{ kind: "fallback"; why: string; device: string }>;

type RunOptions<V> = {
  /** Most steps; by default all remaining ones. */
  steps?: number | undefined;
  /** Least milliseconds between two views. Views also take at most a third of the time. */
  viewEvery: number;
  signal: AbortSignal;
  emit: (event: TrainingEvent<V>) => void;
};

/** Progress of a run: `finished` at the end of the schedule. */
export type Standing = Readonly<{ taken: number; finished: boolean }>;

/** Training with pause, single steps, views and queries. Operations on the state run one after another. */
export type Training<V, W extends Viewer<V>> = Readonly<{
  readonly device: string;
  /** The executor of this moment. */
  readonly executor: Executor;
  readonly taken: number;
  readonly parameters: number;
  run(options: RunOptions<V>): Promise<Standing>;
  view(): Promise<V>;
  /** Runs another query of the viewer on the best state so far. */
  ask<T>(question: (viewer: W, params: JsTree<HostArray>) => Promise<T>): Promise<T>;
  /** Works with the model of the best state so far. */
  withModel<T>(work: (model: FlowModel) => Promise<T>): Promise<T>;
  /** The best state so far, and the steps of this training up to it. */
  best(): Promise<{ state: TrainingState; reports: readonly StepReport[] }>;
  kept(): Promise<Kept>;
  dispose(): Promise<void>;
}>;

/** Milliseconds between two yields to messages, and between two events with the results of steps. */
const BREATH = 60;
const TELLING = 250;
/** Most measurements of held-out examples in a run, and fewest steps between two. */
const MEASUREMENTS = 50;
const FEWEST_BETWEEN = 5;

/** Errors: those of `createTrainer`; of `run`, `NotFiniteError`, after which the state is as before the step. */
export async function startTraining<V, W extends Viewer<V>>(
  options: TrainingOptions<V, W>,
): Promise<Training<V, W>> {
  const { makeViewer, kept: before, executor: wanted, ...rest } = options;
  const { flow, steps: total } = rest;
  const every = Math.max(FEWEST_BETWEEN, Math.ceil(total / MEASUREMENTS));
  let executor = wanted;
  const turns = serialQueue();
  let trainer: Trainer;
  let viewer: W | undefined;
  let state = before?.state; // the last state on the host
  let best = before?.best;
  let measured: number | undefined; // the last measured step
  let fallback: string | undefined; // the reason, until a run has reported it
  const reports: StepReport[] = [];
  let model: Readonly<{ of: Best; held: FlowModel }> | undefined;

  const open = (): Promise<Trainer> => createTrainer({ ...rest, executor, ...(state && { state }) });
  const forgetModel = async (): Promise<void> => {
    const { held } = model ?? {};
    model = undefined;
    await held?.dispose();
  };
  const close = async (): Promise<void> => {
    await viewer?.dispose();
    viewer = undefined;
    await forgetModel();
    await trainer.dispose();
  };
  /** Runs the task in turn, and again in Wasm if the device is lost. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const withFallback = async (on: Executor, why?: string): Promise<T> => {
      if (on !== executor) {
        await close().catch(() => {}); // the arrays of a lost device are lost
        executor = on;
        trainer = await open();
        fallback = why;
      }
      return work();
    };
    return turns(() => orInWasm(executor, withFallback));
  };
  const theViewer = async (): Promise<W> => {
    viewer ??= await makeViewer(flow, executor);
    return viewer;
  };
  /** Measures the present state and keeps it if no earlier one is better. */
  const measure = async (): Promise<Readonly<{ step: number; logProb: number }>> => {
    const step = trainer.taken;
    state = await trainer.state();
    const params = await trainer.params();
    const logProb = await (await theViewer()).measure(params);
    if (!best || logProb > best.logProb || Number.isNaN(best.logProb))
      best = { state, step, logProb, params };
    measured = step;
    return { step, logProb };
  };
  const bestSoFar = async (): Promise<Best> => {
    if (!best) await measure();
    return best as Best;
  };
  const modelOfBest = async (): Promise<FlowModel> => {
    const of = await bestSoFar();
    if (model?.of !== of) {
      await forgetModel();
      model = { of, held: new FlowModel(flow, of.params, executor) };
    }
    return model.held;
  };
  const ask = async <T>(question: (viewer: W, params: JsTree<HostArray>) => Promise<T>): Promise<T> =>
    question(await theViewer(), (await bestSoFar()).params);
  const look = async (): Promise<V> => {
    const { params, step } = await bestSoFar();
    return (await theViewer()).view(params, step);
  };

  trainer = await orInWasm(executor, (on) => {
    executor = on;
    return open();
  });

  async function run({ signal, emit, viewEvery, steps = total }: RunOptions<V>): Promise<Standing> {
    const until = Math.min(total, trainer.taken + steps);
    let values: number[] = [];
    let first = trainer.taken;
    let told = performance.now();
    let seen = told;
    let cost = 0;
    let shown: Best | undefined;
    const tell = (): void => {
      if (fallback !== undefined) {
        emit({ kind: "fallback", why: fallback, device: nameOf(executor) });
        fallback = undefined;
        // the trainer went back to the last state that was kept: no more steps stand than it has taken
        values = values.slice(Math.max(0, values.length - trainer.taken));
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
      shown = best;
      seen = performance.now();
      cost = seen - started;
    };
    try {
      await runSteps({
        trainer: () => trainer,
        until,
        stopped: () => signal.aborted,
        turn: inTurn,
        async onStep(report) {
          values.push(-report.loss);
          const step = trainer.taken;
          while ((reports.at(-1)?.step ?? 0) >= step) reports.pop(); // taken again on another device
          reports.push({ ...report, step });
          const now = performance.now();
          if (now - told > TELLING) {
            tell();
            told = now;
          }
          const due = now - seen > Math.max(viewEvery, 2 * cost) && trainer.taken < until;
          if (due && shown !== best) await show();
        },
        measure: {
          every,
          last: measured,
          async state() {
            const found = await inTurn(measure);
            tell();
            emit({ kind: "heldOut", ...found });
          },
        },
        pauseMs: BREATH,
      });
    } finally {
      tell();
      await show();
    }
    return { taken: trainer.taken, finished: trainer.taken >= total };
  }

  return {
    get device() {
      return nameOf(executor);
    },
    get executor() {
      return executor;
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
    withModel: (work) => inTurn(async () => work(await modelOfBest())),
    best: () =>
      inTurn(async () => {
        const { state: found } = await bestSoFar();
        return { state: found, reports: reports.filter(({ step }) => step <= found.step) };
      }),
    kept: () => inTurn(async () => ({ state: await trainer.state(), best })),
    dispose: () => inTurn(close),
  };
}

/** The memory of all typed arrays in a record or an array, each once, to transfer with a message without a copy. */
export function buffersOf(value: object): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const walk = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) found.add(part.buffer as ArrayBuffer);
    else if (typeof part === "object" && part !== null) Object.values(part).forEach(walk);
  };
  walk(value);
  return [...found];
}
