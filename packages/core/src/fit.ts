import type { JsTree } from "@jax-js/jax";
import { UsageError } from "./errors.js";
import type { Executor } from "./executor/executor.js";
import { fastestExecutor } from "./executor/fastest-executor.js";
import type { Flow } from "./flow.js";
import { FlowModel } from "./model/model.js";
import * as o from "./options.js";
import type { HostArray } from "./params/host-array.js";
import { type HeldOut, heldOut, splitHeldOut } from "./train/held-out.js";
import { withFitted } from "./train/init-params.js";
import { keepBest, measuring, type Validation } from "./train/keep-best.js";
import { trainingDefaults as defaults, type RunOptions, runSchemas } from "./train/options.js";
import { runSteps } from "./train/run-steps.js";
import { type DataIn, type ExampleReader, pairReader } from "./train/source.js";
import type { TrainingState } from "./train/state.js";
import { createTrainer, type StepReport, type Trainer } from "./train/trainer.js";

/** How `fit` trains: the options of a trainer, those that may be left out, and those of a whole run. */
export type FitOptions = Partial<RunOptions> & {
  /** Where to compute. Default: the fastest executor there is, in Node that of ONNX Runtime by the package `flowify`. */
  executor?: Executor;
  /** Steps of the run, or passes over the data instead. Default: one pass, and at least 500 steps. */
  steps?: number;
  epochs?: number;
  /** The condition of each example, for a conditional flow, p(x | c); and that of each example of `validation`, where that is no share. */
  condition?: DataIn;
  validationCondition?: DataIn;
  /** Examples a step. Default 128, or all examples where there are fewer. */
  batchSize?: number;
  /**
   * Examples to hold out: a share of the data, between 0 and 1, or others. The model is then the one that they were most
   * likely under, of all that were measured, the start included. Default none. Of fewer than 5,000 examples, densities that a
   * flow fits to them and does not train are fitted once more at the end, with the share that was held out.
   */
  validation?: number | DataIn;
  /** Steps between two measurements of the held-out examples. Default a twentieth of the run. */
  validateEvery?: number;
  /** As many measurements later than the best the run ends. Default: it never ends early. */
  patience?: number;
  /** Ends the run after the step of this moment. The promise is then that of the model so far. */
  signal?: Aborting;
  /** Called after each step. After a step that is not finite the run goes back some steps, which come again. */
  onStep?: (step: FitStep) => void | Promise<void>;
  /** Called after each measurement of held-out examples. */
  onValidation?: (measured: Validation) => void | Promise<void>;
  /** Called about data that are likely a mistake, but can be trained on. Default none; in Node, a warning of the process. */
  onWarning?: (warning: Warning) => void;
};

/** What is likely a mistake, in words, and which kind it is. */
type Warning = Readonly<{ code: "CONSTANT_CONDITION"; message: string }>;

/** What `fit` looks at in an `AbortSignal`, which not every compiler's `lib` has. */
type Aborting = Readonly<{ aborted: boolean; reason?: unknown }>;

/** A step that was taken, the first is 1: loss in nats and its bits per dimension on the batch, before the step. */
type FitStep = StepReport & Readonly<{ steps: number }>;

/** Steps of a run where nobody says how many: a pass over the data, and at least so many. */
const FEWEST_STEPS = 500;
/** Measurements of the held-out examples in a run. */
const MEASUREMENTS = 20;
/** Steps between two states that are kept to go back to. */
const KEEP_EVERY = 100;

/**
 * Trains a flow by maximum likelihood, −mean log p(x), and gives the model.
 *
 * Everything random is a function of the seed and the step: the same seed, data and executor give the same bits. After a
 * step that is not finite the run goes back to the state of the last hundred steps and takes shorter ones for a while.
 * An abort is no error: the promise is that of the model so far, with `validation` of the best so far. The page stays
 * alive: other events of the thread get their turn about every 50 ms.
 *
 * @param flow from `flowify`, `couplingFlow` and the other presets, or `flow`
 * @param data examples of `flow.inShape`: typed rows one after the other, nested arrays, or a source of batches
 * @returns a model on the executor; `dispose` gives its memory back
 * @throws UsageError for options that make no sense, or a signal that is aborted already; DataError, DomainError for examples
 * that are not what the flow takes, and for a source that fails; NotFiniteError where no shorter steps help; MemoryError
 *
 * @example
 * ```ts
 * import { couplingFlow, fit } from "@flowify/core";
 * const rows = Array.from({ length: 500 }, (_, i) => [Math.sin(i), Math.sin(i) ** 2 + 0.1 * Math.cos(7 * i)]);
 * const model = await fit(couplingFlow(2), rows, { steps: 20, batchSize: 64, seed: 7, validation: 0.1 });
 * console.log((await model.logProb([[0.5, 0.25]])).length);
 * await model.dispose();
 * // 1
 * ```
 */
export async function fit(flow: Flow, data: DataIn, options: FitOptions = {}): Promise<FlowModel> {
  checkFitOptions(options);
  const { validation, validateEvery, patience, signal, onStep, onValidation, onWarning, epochs, ...rest } =
    options;
  const { condition, validationCondition, ...training } = rest;
  const { seed = 0 } = training;
  if (typeof flow?.logProb !== "function")
    throw new UsageError("fit: expected a flow first, from flowify, a preset or flow");
  if (signal?.aborted === true)
    throw new UsageError("fit: the signal was aborted before the first step: there is no model", {
      cause: signal.reason,
    });
  const all = pairReader("fit", data, condition, flow);
  if (onWarning) await warnOfConstant(all, condition, onWarning);
  const { train, held } = splitHeldOut(all, validation, flow, seed, validationCondition);
  const { batchSize = Math.min(defaults.batchSize, train.count) } = options;
  const steps = stepsOf(options, train.count, batchSize);
  const executor = options.executor ?? (await fastestExecutor());
  const trainer = await createTrainer({ ...training, flow, data: train, executor, steps, batchSize, seed });
  const measured = held && { ...heldOut(flow, executor, held, seed), count: held.count };
  try {
    const params = await trained(trainer, steps, measured, options);
    // what others were held out for stays theirs; a share has been held out of the same data
    const fitted = typeof validation === "number" ? await trainer.fitAgain(all, params) : {};
    return new FlowModel(flow, withFitted(flow, params, fitted), executor);
  } finally {
    await measured?.dispose();
    await trainer.dispose();
  }
}

/** Conditions that are looked at together. */
const AT_ONCE = 1024;

/** Says so where a condition is the same for all examples. A source is not read for that. */
async function warnOfConstant(
  { conditions, count }: ExampleReader,
  given: DataIn | undefined,
  warn: (warning: Warning) => void,
): Promise<void> {
  if (!conditions || count < 2 || (typeof given === "object" && "batch" in given)) return;
  const first = await conditions.read(Uint32Array.of(0));
  for (let from = 0; from < count; from += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - from);
    const rows = await conditions.read(Uint32Array.from({ length }, (_, i) => from + i));
    if (rows.some((value, i) => value !== first[i % first.length])) return;
  }
  warn({
    code: "CONSTANT_CONDITION",
    message: `fit: all ${count} examples have the same condition, so the density does not depend on it\ngive conditions that differ, or leave the condition out`,
  });
}

/** Takes the steps; gives the best parameters on held-out examples, else the last ones. */
async function trained(
  trainer: Trainer,
  steps: number,
  held: (HeldOut & Readonly<{ count: number }>) | undefined,
  options: FitOptions,
): Promise<JsTree<HostArray>> {
  const { signal, patience, onStep, onValidation } = options;
  const { validateEvery = Math.ceil(steps / MEASUREMENTS) } = options;
  const best = keepBest<JsTree<HostArray>>();
  let kept: TrainingState;
  const keep = async (): Promise<void> => {
    kept = await trainer.state();
  };
  await runSteps({
    trainer,
    until: steps,
    hooks: [
      {
        start: keep,
        async step(report) {
          const { taken } = trainer;
          // a step may ruin what its own loss does not show, so the last state is looked at too
          if (taken % KEEP_EVERY === 0 || taken === steps) await keep();
          await onStep?.({ ...report, step: taken, steps });
        },
        stopped: () => signal?.aborted === true,
      },
      held
        ? measuring({
            trainer,
            due: (taken) => taken % validateEvery === 0,
            async measure() {
              const state = await trainer.params();
              const logs = await held.measure(state);
              const logProb = logs.reduce((sum, log) => sum + log, 0) / logs.length;
              return { logProb, state, logs: async () => logs };
            },
            best,
            patience: patience && patience * validateEvery,
            examples: held.count,
            onMeasured: onValidation,
          })
        : { end: keep },
    ],
    recover: (failure) => trainer.rollBack(kept, failure),
  });
  return best.chosen?.state ?? trainer.params();
}

const schemas: o.SchemasOf<FitOptions> = {
  ...runSchemas,
  epochs: o.positive,
  condition: o.anything,
  validationCondition: o.anything,
  validation: o.anything,
  validateEvery: o.integer(1),
  patience: o.integer(1),
  signal: o.record,
  onStep: o.callback,
  onValidation: o.callback,
  onWarning: o.callback,
};

function checkFitOptions(options: FitOptions): void {
  o.checkOptions("fit", schemas, options);
  const { steps, epochs, validation, patience } = options;
  if (steps !== undefined && epochs !== undefined)
    throw new UsageError(`fit: got steps ${steps} and epochs ${epochs}, expected one of them`);
  if (patience !== undefined && validation === undefined)
    throw new UsageError(
      "fit: patience needs held-out examples; give validation, 0.1 for a tenth of the data",
    );
}

function stepsOf({ steps, epochs }: FitOptions, count: number, batchSize: number): number {
  if (steps !== undefined) return steps;
  if (epochs !== undefined) return Math.ceil((epochs * count) / batchSize);
  return Math.max(Math.ceil(count / batchSize), FEWEST_STEPS);
}
