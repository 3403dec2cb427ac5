import type { Evaluation, Executor, FlowModel, StepReport, Trainer } from "@flowify/core";
import { type DataSet, nounOf } from "../data/image-set.js";
import type { RunConfig } from "../run-config.js";
import type { RunFolder } from "../runs/folder.js";
import { type MetricsLog, type MetricsRecord, withoutTimes } from "../runs/metrics.js";
import { figureOf } from "../runs/report.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Progress } from "../ui/progress.js";
import { unitOf } from "../unit.js";
import type { TrainPlan } from "./train-plan.js";

/** A run that trains, and what belongs to it. */
export type RunInTraining = Readonly<{
  plan: Pick<TrainPlan, "flow" | "data" | "validation" | "test" | "network">;
  config: RunConfig;
  run: RunFolder;
  trainer: Trainer;
  executor: Executor;
  /** Compiled for pictures and measurements while initial values were computed elsewhere; nobody else has it. */
  model?: FlowModel | undefined;
  /** What the run of a table that ends where it began fits to all rows once more, as the bytes of a safetensors file. */
  fittedAtStart?: Promise<Uint8Array | undefined> | undefined;
  metrics: MetricsLog;
  note(line: string): void;
  /** Shows how far other work has come, as shares from 0 to 1. */
  watch(label: string): (share: number) => void;
}>;

/** A likelihood and its images or rows; `gainStdErr`: standard error of its difference from the start of the run. */
export type Measurement = Readonly<{
  images: DataSet;
  evaluation: Evaluation;
  gainStdErr?: number | undefined;
}>;

/** A step of a run: its epoch, and whether it completes one. */
export type Moment = Readonly<{ step: number; epoch: number; complete: boolean }>;

/** The steps of a run, and its number of epochs. */
export function momentsOf({ training: { batchSize, steps }, data }: Pick<RunConfig, "training" | "data">) {
  const complete = (step: number): number => Math.floor((step * batchSize) / data.examples);
  const epochs = Math.max(1, Math.round((steps * batchSize) / data.examples));
  const momentOf = (step: number): Moment => ({
    step,
    epoch: Math.min(complete(step - 1) + 1, epochs),
    complete: complete(step) > complete(step - 1),
  });
  return { epochs, momentOf };
}

/** How much of the old figure a step leaves in the one that is shown. */
const SMOOTHING = 0.9;

/** The lines of a run: in its metrics, and on the terminal. */
export function runLog(
  { config, metrics, note }: Pick<RunInTraining, "config" | "metrics" | "note">,
  { update }: Pick<Progress, "update">,
) {
  const { batchSize } = config.training;
  const began = performance.now();
  const unit = unitOf(config.data.shape);
  const noun = nounOf(config.data);
  const { epochs, momentOf } = momentsOf(config);
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const state: {
    shown?: { loss: number; figure: number } | undefined;
    lines: MetricsRecord[];
    picture?: string;
  } = { lines: [] };
  const log = (record: MetricsRecord): void => {
    metrics.append(record);
    state.lines.push(withoutTimes(record));
  };
  /** A smooth figure: loss and figure of the same steps, so that they agree. */
  const smooth = (old: number | undefined, fresh: number): number =>
    old === undefined ? fresh : SMOOTHING * old + (1 - SMOOTHING) * fresh;
  return {
    /** A step that was taken, in so many milliseconds. */
    step({ step: before, loss, bpd, gradNorm, lr }: StepReport, milliseconds: number): void {
      const { step, epoch } = momentOf(before + 1);
      const figure = unit.of({ nats: -loss, bpd });
      const imagesPerSecond = Math.round((batchSize / milliseconds) * 1000);
      state.lines = [];
      log({ step, epoch, loss, [unit.field]: figure, gradNorm, lr, seconds: seconds(), imagesPerSecond });
      const { shown: old } = state;
      const shown = { loss: smooth(old?.loss, loss), figure: smooth(old?.figure, figure) };
      state.shown = shown;
      update(
        step,
        `epoch ${epoch}/${epochs}  loss ${shown.loss.toFixed(1)}  ${unit.field} ${shown.figure.toFixed(3)}  ${formatCount(imagesPerSecond)} ${noun}/s${state.picture === undefined ? "" : `  ${state.picture}`}`,
      );
    },
    /** The path of a picture that shows samples of this run so far. */
    picture(path: string): void {
      if (state.picture === undefined) note(`samples of this moment, again and again: ${path}`);
      state.picture = path;
    },
    /** A likelihood; `of` is the step of its state, where that is an earlier one. */
    measured(
      { step, epoch, complete }: Moment,
      { images, evaluation, gainStdErr }: Measurement,
      of?: number,
    ): void {
      const { value, stdErr } = figureOf(evaluation, images);
      const ledger = Object.fromEntries(evaluation.ledger.map((line) => [line.layer, unit.of(line)]));
      log({
        step,
        epoch,
        split: images.split,
        [unit.field]: value,
        ...(Number.isFinite(stdErr) && { stdErr }), // of one example there is none
        ledger,
        ...(gainStdErr !== undefined && { gainStdErr }),
        ...(of !== undefined && { stateOf: of }),
        seconds: seconds(),
      });
      const earlier = of === undefined ? "" : `, the state of step ${of}`;
      const when = step === 0 ? "start" : complete ? `epoch ${epoch}` : `step ${step}`;
      note(`${when}: ${formatBpd(value, stdErr)} ${unit.name} on the ${images.split} ${noun}${earlier}`);
    },
    /** The metrics of the newest step: a checkpoint counts on them. */
    ofThisStep: (): readonly MetricsRecord[] => state.lines,
    /** Forgets the figures that are shown: the run goes back. */
    forget(): void {
      state.shown = undefined;
    },
  };
}
