import { sizeOf } from "@flowify/core/layer";
import type { RunConfig } from "../run-config.js";
import { figureOf, type MetricsRecord } from "../runs/metrics.js";
import { formatCount } from "../ui/format.js";
import { unitOf } from "../unit.js";

/** Differences below this are noise of a batch, bits per dimension. */
const NOISE = 0.05;

/** The best state of a run, and warnings about its result. */
export type Verdict = Readonly<{
  /** The step of the state for evaluation: the best on the held-out examples, otherwise the last. */
  judgedStep: number;
  /** The last step of the run. */
  taken: number;
  /** Warnings about the result, one line each. */
  warnings: readonly string[];
  /** The state for evaluation is the start of a run of rows, which is fitted to them: no fault of the steps. */
  keepsFitted?: boolean;
}>;

export type VerdictOptions = Readonly<{
  config: Pick<RunConfig, "data" | "validateEvery" | "training">;
  /** The lines of the run's metrics. */
  records: readonly MetricsRecord[];
  judgedStep: number;
  taken: number;
  /** The last measured figure of the state for evaluation. */
  figure: number | undefined;
  /** The figure of a uniform distribution over the range of the training examples. */
  uniform: number;
}>;

/** Compares the result of a run with its initialization and with a uniform distribution. */
export function verdictOf({ config, records, judgedStep, taken, figure, uniform }: VerdictOptions): Verdict {
  const unit = unitOf(config.data.shape);
  const margin = NOISE * unit.perBit(sizeOf(config.data.shape));
  const [start = Number.NaN, end = Number.NaN] = batchFigures(records);
  const show = (value: number): string => `${value.toFixed(3)} ${unit.name}`;
  const smaller = `try smaller steps than ${config.training.learningRate}, or more of them`;
  const warnings: string[] = [];
  const keepsStart = config.validateEvery !== undefined && judgedStep === 0;
  const keepsFitted = keepsStart && config.data.shape.length === 1;
  if (keepsStart && !keepsFitted)
    warnings.push(
      `no step improved the held-out examples over the initialization, so the run keeps its initial values; ${smaller}`,
    );
  // the best state on held-out examples is no worse on them; those of the test are others
  else if (config.validateEvery === undefined && end > start + margin)
    warnings.push(`the run ends at ${show(end)}, worse than ${show(start)} at initialization; ${smaller}`);
  if (figure !== undefined && figure > uniform)
    warnings.push(
      `${show(figure)} is more than the ${show(uniform)} of a uniform distribution: the network is no better than that baseline yet`,
    );
  return { judgedStep, taken, warnings, ...(keepsFitted && { keepsFitted }) };
}

/** The figures of the first and the last batch. */
function batchFigures(records: readonly MetricsRecord[]): readonly (number | undefined)[] {
  const steps = records.filter(({ split }) => split === undefined);
  return [steps[0], steps.at(-1)].map((record) => record && figureOf(record));
}

/** Why a run ended before its last step, and which state is used where that is not the last one. */
export const judgedLine = (
  { judgedStep, taken, keepsFitted }: Verdict,
  steps: number,
): string | undefined => {
  if (keepsFitted)
    return "the start of the run, which is fitted to the rows, is as good as this table gets: no step made held-out rows likelier by more than chance, so the run keeps it";
  const [judged, end, planned] = [judgedStep, taken, steps].map(formatCount);
  const used = "flowify evaluate, sample and the other commands use";
  if (taken < steps)
    return `held-out log p has not risen since step ${judged}; stopped at step ${end} of ${planned}; ${used} step ${judged}`;
  return judgedStep === taken
    ? undefined
    : `the best state on the held-out examples is step ${judged} of ${planned}; ${used} it`;
};
