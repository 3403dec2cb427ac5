import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { auroc } from "../auroc.js";
import { valueAt, valuesAt } from "../places.js";
import { meanOf } from "../statistics.js";
import { type Binned, binned, boostedTrees } from "./boosted-trees.js";
import { type Column, type Columns, firstOf, joined, rowCount } from "./columns.js";

/** Parts of the rows, each of which is judged by the others. */
const FOLDS = 3;

/** Rows of each kind at most, and columns that are predicted. */
const MOST = { rows: 2000, columns: 20 } as const;

/** Values of a category that are predicted, the most frequent ones. */
const CLASSES = 8;

/** `score` is 1 where a classifier finds no difference, 0 where it always does. */
export type Detection = Readonly<{ score: number; auroc: number }>;

/**
 * Whether boosted trees tell two sets of rows apart: the area under the ROC curve of rows that they have not seen, A, and
 * 1 − mean(2 max(A, ½) − 1).
 *
 * Source: Lopez-Paz and Oquab 2017; the score of SDMetrics, detection metrics.
 */
export function detection(real: Columns, other: Columns, seed: number): Detection {
  const count = Math.min(rowCount(real), rowCount(other), MOST.rows);
  const rows = binned(joined(firstOf(real, count), firstOf(other, count)));
  const labels = Float64Array.from({ length: 2 * count }, (_, row) => Number(row >= count));
  const order = permutation(makeRng(seed), 2 * count);
  const areas = Array.from({ length: FOLDS }, (_, fold) => {
    const predict = boostedTrees(
      rows,
      order.filter((_, i) => i % FOLDS !== fold),
      labels,
      { logistic: true },
    );
    const judged = order.filter((_, i) => i % FOLDS === fold);
    const scores = (label: number): number[] =>
      Array.from(
        judged.filter((row) => labels[row] === label),
        predict,
      );
    return auroc(scores(0), scores(1));
  });
  return { score: 1 - meanOf(areas.map((area) => 2 * Math.max(area, 0.5) - 1)), auroc: meanOf(areas) };
}

/** How well a column of held-out rows is predicted from the others: R² of numbers, the share that is right of categories. */
export type Efficacy = Readonly<{
  column: string;
  measure: "R²" | "accuracy";
  real: number;
  samples: number;
}>;

/** Predicts the first columns of held-out rows by boosted trees that learn from training rows, and from samples. */
export function efficacy(training: Columns, samples: Columns, heldOut: Columns): Efficacy[] {
  const count = Math.min(rowCount(training), rowCount(samples), MOST.rows);
  const [real, drawn] = [firstOf(training, count), firstOf(samples, count)];
  return training.slice(0, MOST.columns).flatMap((column, place) => {
    const from = (learned: Columns): number => predicted(learned, heldOut, place);
    const found = training.length > 1 ? { real: from(real), samples: from(drawn) } : undefined;
    if (!found || Number.isNaN(found.real)) return [];
    return [
      { column: column.name, measure: column.isNumber ? ("R²" as const) : ("accuracy" as const), ...found },
    ];
  });
}

/** The score of a column of held-out rows, predicted from the others by trees that some rows have taught. */
function predicted(learned: Columns, heldOut: Columns, place: number): number {
  const count = rowCount(learned);
  const all = joined(learned, heldOut);
  const target = valueAt(all, place);
  const known = [...target.values].flatMap((value, row) => (Number.isNaN(value) ? [] : [row]));
  const rows = binned(all.filter((_, i) => i !== place));
  const [own, judged] = [known.filter((row) => row < count), known.filter((row) => row >= count)];
  if (own.length === 0 || judged.length === 0) return Number.NaN;
  return (target.isNumber ? shareExplained : shareRight)(rows, own, judged, target);
}

function shareExplained(rows: Binned, own: number[], judged: number[], { values }: Column): number {
  const predict = boostedTrees(rows, own, values, { logistic: false });
  const mean = meanOf(valuesAt(values, judged));
  const squares = (of: (row: number) => number): number =>
    judged.reduce((sum, row) => sum + (valueAt(values, row) - of(row)) ** 2, 0);
  const total = squares(() => mean);
  return total > 0 ? 1 - squares(predict) / total : Number.NaN;
}

function shareRight(rows: Binned, own: number[], judged: number[], { values }: Column): number {
  const counts = new Map<number, number>();
  for (const value of valuesAt(values, own)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const classes = [...counts].sort((a, b) => b[1] - a[1]).slice(0, CLASSES);
  const logits = classes.map(([code]) => ({
    code,
    of: boostedTrees(
      rows,
      own,
      values.map((value) => Number(value === code)),
      { logistic: true },
    ),
  }));
  const right = judged.filter((row) => {
    const best = logits
      .map(({ code, of }) => ({ code, logit: of(row) }))
      .reduce((a, b) => (b.logit > a.logit ? b : a));
    return best.code === values[row];
  });
  return right.length / judged.length;
}
