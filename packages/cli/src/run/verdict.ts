import type { RunConfig } from "../format/config.js";
import { formatCount } from "../ui/format.js";
import { unitOf } from "../unit.js";
import { figureOf, type MetricsRecord } from "./metrics.js";

/** What is no more than the noise of a batch, bits per dimension. */
const NOISE = 0.05;

/** Which state a run is judged by, and what its end is worth. */
export type Verdict = Readonly<{
  /** The step of the state that the run is judged by: the best on its held-out examples, else the last. */
  judgedStep: number;
  /** What a user must know of the result, a line each. */
  warnings: readonly string[];
}>;

export type VerdictOptions = Readonly<{
  config: Pick<RunConfig, "steps" | "data" | "validateEvery" | "training">;
  /** The lines of the run's metrics. */
  records: readonly MetricsRecord[];
  judgedStep: number;
  /** The last figure that was measured, of the state that the run is judged by. */
  figure: number | undefined;
  /** The figure of a uniform distribution over what the training examples reach. */
  uniform: number;
}>;

/** Holds the end of a run against its own start and against knowing nothing. */
export function verdictOf({ config, records, judgedStep, figure, uniform }: VerdictOptions): Verdict {
  const unit = unitOf(config.data.shape);
  const margin = NOISE * unit.perBit(config.data.shape.reduce<number>((a, b) => a * b, 1));
  const start = startFigure(records);
  const show = (value: number): string => `${value.toFixed(3)} ${unit.name}`;
  const smaller = `try smaller steps than ${config.training.learningRate}, or more of them`;
  const warnings: string[] = [];
  if (config.validateEvery !== undefined && judgedStep === 0)
    warnings.push(
      `no step made the run better on its held-out examples than its start values, and these are kept; ${smaller}`,
    );
  else if (figure !== undefined && start !== undefined && figure > start + margin)
    warnings.push(`the run ends at ${show(figure)}, above its own start of ${show(start)}; ${smaller}`);
  if (figure !== undefined && figure > uniform)
    warnings.push(
      `${show(figure)} is more than the ${show(uniform)} of a uniform distribution: as a density the network is worth nothing yet`,
    );
  return { judgedStep, warnings };
}

/** Of the start values: measured on held-out examples, else on the batch of the first step. */
function startFigure(records: readonly MetricsRecord[]): number | undefined {
  const first =
    records.find(({ step, split }) => step === 0 && split === "validation") ??
    records.find(({ step, split }) => step === 1 && split === undefined);
  return first && figureOf(first);
}

/** `the best state, of step 350 of 529, is the one that …` */
export const judgedLine = ({ judgedStep }: Verdict, steps: number): string | undefined =>
  judgedStep === steps
    ? undefined
    : `judged by its best state on the held-out examples, that of step ${formatCount(judgedStep)} of ${formatCount(steps)}: flowify evaluate, sample and the others use it`;
