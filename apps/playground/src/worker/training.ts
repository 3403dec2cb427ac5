import {
  createTrainer,
  type ExamplesIn,
  type Executor,
  FlowModel,
  type HostArray,
  NotFiniteError,
  type StepReport,
  type Trainer,
  type TrainingState,
  type TrainOptions,
} from "@flowify/core";
import {
  type Hook,
  keepBest,
  type Measured,
  measuring,
  runSteps,
  type Validation,
} from "@flowify/core/internal";
import type { JsTree } from "@jax-js/jax";
import { serialQueue } from "../ui/coalesce.js";
import { nameOf, orInWasm } from "./backend.js";

/** The state with the best likelihood of held-out examples so far, which the page shows and saves. */
type Best = Measured<Readonly<{ all: TrainingState; params: JsTree<HostArray> }>>;

/** State from which a run continues. */
export type Kept = Readonly<{ state: TrainingState; best: Best | undefined }>;

type TrainingOptions<V> = Omit<TrainOptions, "state"> & {
  /** Examples on which states are measured; the best is kept. */
  heldOut: ExamplesIn;
  /** Continues from this state. */
  kept?: Kept | undefined;
  /** Views of the flow in training. `dispose` releases what it has compiled; a view after it compiles again. */
  viewer: Readonly<{ view(model: FlowModel, step: number): Promise<V>; dispose?(): Promise<void> }>;
};

/** Events of a run. */
export type TrainingEvent<V> =
  /** Mean log p of each step's batch, in nats, from step `first` on. */
  | Readonly<{ kind: "logProb"; first: number; values: Float32Array }>
  /** Mean log p of held-out examples after a step. */
  | Readonly<{ kind: "heldOut" } & Validation>
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
export type Training<V> = Awaited<ReturnType<typeof startTraining<V>>>;

/** Milliseconds between two yields to messages, and between two events with the results of steps. */
const BREATH = 60;
const TELLING = 250;
/** Most measurements of held-out examples in a run, and fewest steps between two. */
const MEASUREMENTS = 50;
const FEWEST_BETWEEN = 5;

/** Errors: those of `createTrainer`; of `run`, `NotFiniteError`, after which the state is as before the step. */
export async function startTraining<V>(options: TrainingOptions<V>) {
  const { heldOut, viewer, kept: before, executor: wanted, ...rest } = options;
  const { flow, steps: total, seed = 0 } = rest;
  const every = Math.max(FEWEST_BETWEEN, Math.ceil(total / MEASUREMENTS));
  const turns = serialQueue();
  const best = keepBest({ best: before?.best });
  const reports: StepReport[] = [];
  const now: {
    executor: Executor;
    trainer: Trainer;
    /** The last state on the host. */
    state: TrainingState | undefined;
    /** Its parameters are those of the last state that was looked at. */
    model?: FlowModel | undefined;
    /** Why the device was left, until a run has reported it. */
    lost?: string | undefined;
    onMeasured?: (measured: Validation) => void;
  } = await orInWasm(wanted, async (executor) => ({
    executor,
    trainer: await createTrainer({ ...rest, executor, ...(before && { state: before.state }) }),
    state: before?.state,
  }));

  const close = async (): Promise<void> => {
    const { model, trainer } = now;
    now.model = undefined;
    await viewer.dispose?.();
    await model?.dispose();
    await trainer.dispose();
  };
  const moveTo = async (executor: Executor, why?: string): Promise<void> => {
    await close().catch(() => {}); // the arrays of a lost device are lost
    const { state } = now;
    now.trainer = await createTrainer({ ...rest, executor, ...(state && { state }) });
    now.executor = executor;
    now.lost = why;
  };
  /** Runs the task in turn, and again in Wasm if the device is lost. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    turns(() =>
      orInWasm(now.executor, async (executor, why) => {
        if (executor !== now.executor) await moveTo(executor, why);
        return work();
      }),
    );
  const trainer = {
    get taken() {
      return now.trainer.taken;
    },
    step: () => inTurn(() => now.trainer.step()),
  };
  const modelWith = async (params: JsTree<HostArray>): Promise<FlowModel> => {
    now.model ??= new FlowModel(flow, params, now.executor, { moving: true });
    if (now.model.params !== params) await now.model.moveTo(params);
    return now.model;
  };
  const measuringHook = measuring({
    trainer,
    due: (taken) => taken % every === 0,
    async measure() {
      const all = await now.trainer.state();
      now.state = all;
      const params = await now.trainer.params();
      const model = await modelWith(params);
      return { logProb: await meanLogProb(model, heldOut, seed), state: { all, params } };
    },
    best,
    onMeasured: (measured) => now.onMeasured?.(measured),
  });
  const bestSoFar = async (): Promise<Best> => {
    if (!best.best) await measuringHook.start();
    return best.best as Best;
  };
  const modelOfBest = async (): Promise<FlowModel> => modelWith((await bestSoFar()).state.params);
  const look = async (): Promise<V> => viewer.view(await modelOfBest(), (await bestSoFar()).step);

  async function run({ signal, emit, viewEvery, steps = total }: RunOptions<V>): Promise<Standing> {
    const until = Math.min(total, trainer.taken + steps);
    const began = performance.now();
    const told = { step: trainer.taken, at: began };
    const seen = { best: undefined as Best | undefined, at: began, cost: 0 };
    const tell = (): void => {
      if (now.lost !== undefined) emit({ kind: "fallback", why: now.lost, device: nameOf(now.executor) });
      now.lost = undefined;
      const fresh = reports.filter(({ step }) => step > told.step).map(({ loss }) => -loss);
      if (fresh.length > 0) emit({ kind: "logProb", first: told.step, values: Float32Array.from(fresh) });
      Object.assign(told, { step: trainer.taken, at: performance.now() });
    };
    const show = async (): Promise<void> => {
      const started = performance.now();
      const view = await inTurn(look);
      tell();
      emit({ kind: "view", view });
      const at = performance.now();
      Object.assign(seen, { best: best.best, at, cost: at - started });
    };
    now.onMeasured = (measured) => {
      tell();
      emit({ kind: "heldOut", ...measured });
    };
    const watch: Hook = {
      async step(report) {
        const step = trainer.taken;
        // some steps are taken again on another device
        while ((reports.at(-1)?.step ?? 0) >= step) reports.pop();
        told.step = Math.min(told.step, step - 1);
        reports.push({ ...report, step });
        const time = performance.now();
        if (time - told.at > TELLING) tell();
        const due = time - seen.at > Math.max(viewEvery, 2 * seen.cost) && step < until;
        if (due && seen.best !== best.best) await show();
      },
      stopped: () => signal.aborted,
    };
    const measure: Hook = {
      start: () => inTurn(measuringHook.start),
      step: () => inTurn(measuringHook.step),
      end: () => inTurn(measuringHook.end),
    };
    try {
      await runSteps({ trainer, until, hooks: [watch, measure], pauseMs: BREATH });
    } finally {
      tell();
      await show();
    }
    return { taken: trainer.taken, finished: trainer.taken >= total };
  }

  return {
    get device(): string {
      return nameOf(now.executor);
    },
    get taken(): number {
      return trainer.taken;
    },
    get parameters(): number {
      return now.trainer.parameters;
    },
    run,
    view: (): Promise<V> => inTurn(look),
    /** Works with the model of the best state so far. */
    withModel: <T>(work: (model: FlowModel) => Promise<T>): Promise<T> =>
      inTurn(async () => work(await modelOfBest())),
    /** The best state so far, and the steps of this training up to it. */
    best: () =>
      inTurn(async () => {
        const { all } = (await bestSoFar()).state;
        return { state: all, reports: reports.filter(({ step }) => step <= all.step) };
      }),
    kept: (): Promise<Kept> => inTurn(async () => ({ state: await now.trainer.state(), best: best.best })),
    dispose: (): Promise<void> => inTurn(close),
  };
}

/** Mean log p of examples in nats; NaN where it is not finite. */
async function meanLogProb(model: FlowModel, examples: ExamplesIn, seed: number): Promise<number> {
  try {
    return (await model.evaluate(examples, { seed })).nats;
  } catch (error) {
    if (error instanceof NotFiniteError) return Number.NaN;
    throw error;
  }
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
