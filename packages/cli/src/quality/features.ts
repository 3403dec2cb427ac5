import { surveyColumns } from "../data/column-survey.js";
import { rowOf } from "../rows.js";
import { likeliest, weightsOf } from "../statistics.js";

/** Features of images, one row each, row-major: the logits of a classifier. */
export type Features = Readonly<{
  rows: Float64Array;
  count: number;
  size: number;
  /** The outputs of a classifier that returns probabilities; otherwise the softmax of the logits. */
  given?: Float64Array;
}>;

/** Probabilities are clipped to this distance from 0 and 1, the resolution of float32. */
const CLOSEST = 1e-6;

/**
 * Outputs of a classifier as features. If all of them lie in [0, 1], they are probabilities, and the features are their
 * logits.
 */
export function features(outputs: ArrayLike<number>, size: number): Features {
  const rows = Float64Array.from(outputs);
  const count = rows.length / size;
  if (!rows.every((value) => value >= 0 && value <= 1)) return { rows, count, size };
  const logit = (p: number): number => Math.log(p / (1 - p));
  const inside = (p: number): number => Math.min(1 - CLOSEST, Math.max(CLOSEST, p));
  return { rows: rows.map((p) => logit(inside(p))), count, size, given: rows };
}

/** Mean and standard deviation of every column; 1 for the deviation of a constant column. */
export function columnScale({ rows, count, size }: Features): { mean: Float64Array; std: Float64Array } {
  const survey = surveyColumns({ rows, count, shape: [size] });
  return {
    mean: Float64Array.from(survey, ({ mean }) => mean),
    std: Float64Array.from(survey, ({ std }) => std || 1),
  };
}

/** Each column divided by its standard deviation over `reference`. */
export function inUnitsOf(reference: Features, all: Features): Features {
  const { std } = columnScale(reference);
  return { ...all, rows: all.rows.map((value, i) => value / std[i % all.size]!) };
}

function probabilities({ rows, count, size, given }: Features): Float64Array {
  if (given) return given;
  const result = new Float64Array(rows.length);
  for (let row = 0; row < count; row++) {
    const exps = weightsOf(rowOf(rows, row, size));
    const sum = exps.reduce((a, b) => a + b, 0);
    result.set(
      exps.map((value) => value / sum),
      row * size,
    );
  }
  return result;
}

/** The class with the largest probability of every row, and that probability. */
export function verdicts(all: Features): readonly Readonly<{ label: number; probability: number }>[] {
  const p = probabilities(all);
  return Array.from({ length: all.count }, (_, row) => {
    const own = rowOf(p, row, all.size);
    const label = likeliest(own);
    return { label, probability: own[label]! };
  });
}
