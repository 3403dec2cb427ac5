import type { StepReport } from "@flowify/core";
import { nounOf } from "../data/image-set.js";
import type { RunConfig } from "../run-config.js";
import { type MetricsLog, type MetricsRecord, withoutTimes } from "../runs/metrics.js";
import { figureOf } from "../runs/report.js";
import { formatBpd, formatCount } from "../ui/format.js";
import type { Progress } from "../ui/progress.js";
import { unitOf } from "../unit.js";
import type { EpochEnd, Measurement } from "./epoch-report.js";

/** How much of the old figure a step leaves in the one that is shown. */
const SMOOTHING = 0.9;

/** The lines of a run: in its metrics, and on the terminal. */
export type RunLog = Readonly<{
  /** A step that was taken, in so many milliseconds. */
  step(report: StepReport, milliseconds: number): void;
  /** The path of a picture that shows samples of this run so far. */
  picture(path: string): void;
  /** A likelihood; `of` is the step of the state that it is of, where that is an earlier one. */
  measured(at: Pick<EpochEnd, "step" | "epoch">, measurement: Measurement, of?: number): void;
  /** What the metrics have of the newest step: a checkpoint counts on it. */
  ofThisStep(): readonly MetricsRecord[];
  /** Forgets the figures that are shown: the run goes back. */
  forget(): void;
}>;

/** Epochs that are complete after so many steps, and those of the whole run. */
export const epochsOf = ({ training: { batchSize, steps }, data }: Pick<RunConfig, "training" | "data">) => ({
  at: (step: number): number => Math.floor((step * batchSize) / data.examples),
  all: Math.max(1, Math.round((steps * batchSize) / data.examples)),
});

export function runLog(config: RunConfig, metrics: MetricsLog, progress: Progress): RunLog {
  const { batchSize } = config.training;
  const began = performance.now();
  const unit = unitOf(config.data.shape);
  const noun = nounOf(config.data);
  const epochs = epochsOf(config);
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const state: {
    shown: { loss: number; figure: number } | undefined;
    lines: MetricsRecord[];
    picture: string | undefined;
  } = {
    shown: undefined,
    picture: undefined,
    lines: [],
  };
  const log = (record: MetricsRecord): void => {
    metrics.append(record);
    state.lines.push(withoutTimes(record));
  };
  return {
    step({ step: before, loss, bpd, gradNorm, lr }, milliseconds) {
      const step = before + 1;
      const figure = unit.of({ nats: -loss, bpd });
      const imagesPerSecond = Math.round((batchSize / milliseconds) * 1000);
      const epoch = Math.min(epochs.at(before) + 1, epochs.all);
      state.lines = [];
      log({ step, epoch, loss, [unit.field]: figure, gradNorm, lr, seconds: seconds(), imagesPerSecond });
      state.shown = smooth(state.shown, { loss, figure });
      const { shown } = state;
      progress.update(
        step,
        `epoch ${epoch}/${epochs.all}  loss ${shown.loss.toFixed(1)}  ${unit.field} ${shown.figure.toFixed(3)}  ${formatCount(imagesPerSecond)} ${noun}/s${state.picture === undefined ? "" : `  ${state.picture}`}`,
      );
    },
    picture(path) {
      if (state.picture === undefined) progress.note(`samples of this moment, again and again: ${path}`);
      state.picture = path;
    },
    measured({ step, epoch }, { images, evaluation }, of) {
      const { value, stdErr } = figureOf(evaluation, images);
      const ledger = Object.fromEntries(evaluation.ledger.map((line) => [line.layer, unit.of(line)]));
      log({
        step,
        epoch,
        split: images.split,
        [unit.field]: value,
        stdErr,
        ledger,
        ...(of !== undefined && { stateOf: of }),
        seconds: seconds(),
      });
      const earlier = of === undefined ? "" : `, the state of step ${of}`;
      const ended = epochs.at(step) > epochs.at(step - 1);
      const when = step === 0 ? "start" : ended ? `epoch ${epoch}` : `step ${step}`;
      progress.note(
        `${when}: ${formatBpd(value, stdErr)} ${unit.name} on the ${images.split} ${noun}${earlier}`,
      );
    },
    ofThisStep: () => state.lines,
    forget() {
      state.shown = undefined;
    },
  };
}

/** The figures of the line of progress: loss and figure of the same steps, so that they agree. */
function smooth(
  before: { loss: number; figure: number } | undefined,
  { loss, figure }: { loss: number; figure: number },
): { loss: number; figure: number } {
  if (before === undefined) return { loss, figure };
  const mix = (old: number, fresh: number): number => SMOOTHING * old + (1 - SMOOTHING) * fresh;
  return { loss: mix(before.loss, loss), figure: mix(before.figure, figure) };
}
