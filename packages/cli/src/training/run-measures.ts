import type { Trainer } from "@flowify/core";
import type { DataSet } from "../data/image-set.js";
import { mayPass } from "../files/atomic.js";
import { PictureError } from "../pictures/render.js";
import type { RunConfig } from "../run-config.js";
import type { RunFolder } from "../runs/folder.js";
import { readMetrics } from "../runs/metrics.js";
import { figureOf } from "../runs/report.js";
import { bestCheckpoint, type MeasuredCheckpoint, readCheckpoint } from "../runs/saved-checkpoints.js";
import type { CheckpointWriter } from "./checkpoint-writer.js";
import type { EpochEnd, EpochReporter, Measurement, StateToLookAt } from "./epoch-report.js";
import { epochsOf, type RunLog } from "./run-log.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** What the end of a run has measured, its newest pictures, and what it is worth. */
export type RunEnd = Readonly<{
  measured: readonly Measurement[];
  pictures: readonly string[];
  verdict: Verdict;
}>;

export type MeasureOptions = Readonly<{
  trainer: Trainer;
  config: RunConfig;
  run: RunFolder;
  reporter: EpochReporter;
  /** What the run is measured on, where there is some. */
  validation: DataSet | undefined;
  test: DataSet | undefined;
  /** The figure of a uniform distribution. */
  uniform: number;
  log: RunLog;
  checkpoints: Pick<CheckpointWriter, "written">;
  note(line: string): void;
}>;

export type RunMeasures = Readonly<{
  /** The step of the best state on the held-out examples so far. */
  bestStep(): number | undefined;
  /** Takes the best state from the disk, where the run begins or goes back. */
  readBest(): Promise<void>;
  /** The state of this moment on the held-out examples; the best one is remembered. */
  validate(at: Pick<EpochEnd, "step" | "epoch">): Promise<Measurement>;
  /** What the end of an epoch, or of the run, is to have; `validated`: what has been measured already. */
  report(at: EpochEnd, validated: readonly Measurement[]): Promise<RunEnd>;
  /** The end of a run that had come there before: nothing is logged again. */
  reportAgain(): Promise<RunEnd>;
}>;

/** Measures a run: its state, or at the end of a run with held-out examples the best one. */
export function runMeasures(options: MeasureOptions): RunMeasures {
  const { trainer, config, run, reporter, validation, test, uniform, log, checkpoints, note } = options;
  const state: { best: Pick<MeasuredCheckpoint, "step" | "figure"> | undefined } = { best: undefined };

  /** The best state, where it is another one than that of this moment. */
  const bestBefore = async (): Promise<{ step: number; state: NonNullable<StateToLookAt> } | undefined> => {
    const { best } = state;
    if (best === undefined || best.step === trainer.taken) return undefined;
    await checkpoints.written();
    const kept = await bestCheckpoint(run.checkpoints);
    if (kept === undefined) return undefined;
    return { step: kept.step, state: (await readCheckpoint(kept.path, config.network)).state };
  };

  const setsToMeasure = ({ last }: Pick<EpochEnd, "last">, validated: readonly Measurement[]): DataSet[] => {
    const wanted = last ? [validation, test] : [validation ?? test];
    return wanted.flatMap((set) => (set && !validated.some(({ images }) => images === set) ? [set] : []));
  };

  const draw = async (
    at: EpochEnd,
    measured: readonly Measurement[],
    of: StateToLookAt,
  ): Promise<string[]> => {
    try {
      return await reporter.draw(at, measured, of);
    } catch (error) {
      if (!mayPass(error) && !(error instanceof PictureError)) throw error;
      const what = error instanceof PictureError ? "drawn" : "written";
      note(`the pictures of epoch ${at.epoch} could not be ${what}: ${(error as Error).message}`);
      return [];
    }
  };

  const endWith = async (
    at: EpochEnd,
    measured: readonly Measurement[],
    judged: Awaited<ReturnType<typeof bestBefore>>,
  ): Promise<RunEnd> => {
    const last = measured.at(-1);
    const verdict = verdictOf({
      config,
      records: readMetrics(run.metrics),
      judgedStep: judged?.step ?? at.step,
      figure: last && figureOf(last.evaluation, last.images).value,
      uniform,
    });
    const drawn = judged ? { ...at, stateOf: judged.step } : at;
    return { measured, pictures: await draw(drawn, measured, judged?.state), verdict };
  };

  return {
    bestStep: () => state.best?.step,
    async readBest() {
      if (validation && config.validateEvery !== undefined)
        state.best = await bestCheckpoint(run.checkpoints);
    },
    async validate(at) {
      const measurement = await reporter.measure(validation as DataSet);
      const { value } = figureOf(measurement.evaluation, measurement.images);
      if (state.best === undefined || value <= state.best.figure)
        state.best = { step: at.step, figure: value };
      log.measured(at, measurement);
      return measurement;
    },
    async report(at, validated) {
      const judged = at.last ? await bestBefore() : undefined;
      const measured = [...validated];
      for (const set of setsToMeasure(at, validated)) {
        const measurement = await reporter.measure(set, judged?.state);
        log.measured(at, measurement, judged?.step);
        measured.push(measurement);
      }
      return endWith(at, measured, judged);
    },
    async reportAgain() {
      const at = { step: config.training.steps, epoch: epochsOf(config).all, last: true };
      const judged = await bestBefore();
      const measured: Measurement[] = [];
      for (const set of setsToMeasure(at, [])) measured.push(await reporter.measure(set, judged?.state));
      return endWith(at, measured, judged);
    },
  };
}
