import { type Executor, FlowModel, initParams } from "@flowify/core";
import { type ColumnSurvey, surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { gaussianNetwork } from "../networks/auto.js";
import { flowOf } from "../networks/choose.js";

/** −log p in nats of each row, and whether it is exact. */
export type RowBaseline = Readonly<{ name: string; exact: boolean; nll: Float64Array }>;

/** Bins of a column's histogram, at most: about the square root of the rows. */
const MOST_BINS = 256;

/**
 * Trivial densities of rows, fitted to the training rows: independent columns that are uniform or have a histogram,
 * over their range in all rows; a Gaussian for each column; one Gaussian with full covariance.
 */
export async function rowBaselines(
  train: RowSet,
  test: RowSet,
  executor: Executor,
  seed: number,
): Promise<RowBaseline[]> {
  if (train.levels !== undefined) return levelBaselines(train, test, executor, seed);
  const survey = surveyColumns(train);
  const ranges = rangesOf(survey, surveyColumns(test));
  return [
    { name: "uniform", exact: true, nll: sumColumns(test, (_, column) => Math.log(ranges[column]!.width)) },
    { name: "Gaussian of each column", exact: true, nll: sumColumns(test, gaussianColumn(survey)) },
    { name: "histogram of each column", exact: true, nll: sumColumns(test, histogramColumn(train, ranges)) },
    { name: "Gaussian", exact: true, nll: await gaussianRows(train, test, executor, seed) },
  ];
}

/** The same for integers: probabilities of levels. */
async function levelBaselines(
  train: RowSet,
  test: RowSet,
  executor: Executor,
  seed: number,
): Promise<RowBaseline[]> {
  const levels = train.levels as number;
  const [columns] = train.shape;
  const counts = new Float64Array(columns * levels).fill(1);
  train.rows.forEach((value, i) => {
    counts[(i % columns) * levels + value]!++;
  });
  return [
    { name: "uniform", exact: true, nll: sumColumns(test, () => Math.log(levels)) },
    {
      name: "histogram of each column",
      exact: true,
      nll: sumColumns(
        test,
        (value, column) => -Math.log((counts[column * levels + value] ?? 1) / (train.count + levels)),
      ),
    },
    { name: "Gaussian", exact: false, nll: await gaussianRows(train, test, executor, seed) },
  ];
}

type ColumnNll = (value: number, column: number) => number;

function sumColumns({ rows, count, shape: [columns] }: RowSet, of: ColumnNll): Float64Array {
  const sums = new Float64Array(count);
  rows.forEach((value, i) => {
    sums[Math.floor(i / columns)]! += of(value, i % columns);
  });
  return sums;
}

type Range = Readonly<{ low: number; width: number }>;

/** Minimum and width of each column over all rows; a constant column has the width 1. */
function rangesOf(train: ColumnSurvey, test: ColumnSurvey): Range[] {
  return Array.from(train.least, (_, column) => {
    const low = Math.min(train.least[column]!, test.least[column]!);
    return { low, width: Math.max(train.most[column]!, test.most[column]!) - low || 1 };
  });
}

function gaussianColumn({ mean, std }: ColumnSurvey): ColumnNll {
  return (value, column) => {
    const spread = std[column]! || 1;
    return 0.5 * Math.log(2 * Math.PI) + Math.log(spread) + 0.5 * ((value - mean[column]!) / spread) ** 2;
  };
}

function histogramColumn({ rows, count, shape: [columns] }: RowSet, ranges: readonly Range[]): ColumnNll {
  const bins = Math.max(1, Math.min(MOST_BINS, Math.floor(Math.sqrt(count))));
  const binOf = (value: number, column: number): number => {
    const { low, width } = ranges[column]!;
    return Math.min(bins - 1, Math.floor(((value - low) / width) * bins));
  };
  const counts = new Float64Array(columns * bins).fill(1);
  rows.forEach((value, i) => {
    counts[(i % columns) * bins + binOf(value, i % columns)]!++;
  });
  return (value, column) => {
    const part = counts[column * bins + binOf(value, column)]! / (count + bins);
    return -Math.log((part * bins) / ranges[column]!.width);
  };
}

/** A flow that scales the columns and whitens, initialized from all training rows. */
async function gaussianRows(
  train: RowSet,
  test: RowSet,
  executor: Executor,
  seed: number,
): Promise<Float64Array> {
  const network = { name: "gaussian", description: gaussianNetwork(train) };
  const flow = flowOf(network, {});
  const data = { examples: train.rows, count: train.count };
  const params = await initParams({ flow, executor, data, initExamples: train.count, seed });
  const model = new FlowModel(flow, params, executor);
  try {
    return Float64Array.from(await model.logProb(test.rows, { seed }), (nats) => -nats);
  } finally {
    await model.dispose();
  }
}
