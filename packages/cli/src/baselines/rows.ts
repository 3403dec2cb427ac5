import { type Executor, FlowModel } from "@flowify/core";
import { dependenceTree } from "@flowify/core/internal";
import { initParams } from "@flowify/core/layer";
import { type ColumnSurvey, surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { gaussianNetwork } from "../networks/auto.js";
import { flowOf } from "../networks/choose.js";
import type { NetworkDescription } from "../networks/network.js";
import { descriptionOf } from "../networks/presets.js";
import { tableNetwork } from "../networks/table-networks.js";
import { kernelBaseline } from "./kernels.js";
import { mixtureBaseline } from "./normal-mixture.js";
import { withGrid } from "./uniform.js";

type CodedRows = Parameters<typeof dependenceTree>[0];

/** −log p in nats of each row, and whether it is exact. */
export type RowBaseline = Readonly<{ name: string; exact: boolean; nll: Float64Array }>;

/** Bins of a column's histogram, at most: about the square root of the rows. */
const MOST_BINS = 256;

/**
 * Simple densities of rows, fitted to the training rows: independent columns that are uniform or have a histogram,
 * over their range in all rows; a Gaussian for each column; one Gaussian with full covariance, and a mixture of some. A
 * kernel density; and a tree of columns of few values. Columns whose values lie on a
 * grid have probabilities in place of densities, as the networks for tables have.
 *
 * @param compared a network that they are compared with: columns are on a grid where it takes them so
 */
export async function rowBaselines(
  train: RowSet,
  test: RowSet,
  executor: Executor,
  seed: number,
  compared?: NetworkDescription,
): Promise<RowBaseline[]> {
  const { schema, levels, shape } = train;
  const network =
    compared && levels === undefined
      ? gaussianBehind(withGrid(compared, train), shape[0])
      : schema
        ? descriptionOf(tableNetwork("gaussian", shape[0], schema))
        : gaussianNetwork(train);
  const grid = gridOf(network);
  const exact = levels === undefined && grid === undefined;
  const found = [
    ...columnBaselines(train, test, network),
    { name: "Gaussian", exact, nll: await gaussianRows(train, test, { network, executor, seed }) },
  ];
  if (levels !== undefined) return found;
  // a density of values with the noise that they carry bounds their probability
  const ofValues = (nll: Float64Array): Float64Array => nll.map((nats) => nats - logGaps(grid));
  found.push(
    { name: "mixture of Gaussians", exact, nll: ofValues(await mixtureBaseline(train, test)) },
    { name: "kernel density", exact, nll: ofValues(kernelBaseline(train, test)) },
  );
  const tree = grid && treeBaseline(train, test, grid);
  if (tree) found.push({ name: "Chow–Liu tree", exact: true, nll: tree });
  const fills = test.fillLog ?? [];
  return found.map((each) => ({ ...each, nll: each.nll.map((nats, row) => nats + (fills[row] ?? 0)) }));
}

/** Σ log g of the columns on a grid. */
const logGaps = (grid: Grid | undefined): number =>
  (grid?.gaps ?? []).reduce((sum, gap) => sum + (gap > 0 ? Math.log(gap) : 0), 0);

/** Most values of a column in the tree. */
const MOST_VALUES = 64;

/** A Chow–Liu tree of the columns of few values, and histograms of the others; undefined where fewer than two have few. */
function treeBaseline(train: RowSet, test: RowSet, grid: Grid): Float64Array | undefined {
  const [seen, unseen] = [onGrid(train, grid), onGrid(test, grid)];
  const ranges = rangesOf(surveyColumns(seen), surveyColumns(unseen), grid);
  const sizes = ranges.map(({ width, gap }) =>
    gap > 0 ? Math.round(width / gap) : Number.POSITIVE_INFINITY,
  );
  const few = sizes.flatMap((size, column) => (size <= MOST_VALUES ? [column] : []));
  if (few.length < 2) return undefined;
  const coded = ({ rows, count, shape: [columns] }: RowSet): CodedRows => ({
    count,
    sizes: few.map((column) => sizes[column]!),
    codes: Int32Array.from({ length: count * few.length }, (_, at) => {
      const column = few[at % few.length]!;
      const { low, gap } = ranges[column]!;
      return Math.floor((rows[Math.floor(at / few.length) * columns + column]! - low) / gap);
    }),
  });
  const others = histogramColumn(seen, ranges);
  const rest = sumColumns(unseen, (value, column) => (few.includes(column) ? 0 : others(value, column)));
  return chowLiuBaseline(coded(seen), coded(unseen)).map((nll, row) => nll + rest[row]!);
}

/** One Gaussian in the unit of another network: behind the same noise, if it has some. */
const gaussianBehind = ({ layers }: NetworkDescription, columns: number): NetworkDescription => ({
  inShape: [columns],
  layers: [
    ...layers.slice(0, 1).filter(({ kind }) => kind === "dequantizeColumns"),
    { kind: "whiten", scaled: true },
  ],
});

/**
 * Those of them with independent columns.
 *
 * @param network that they are compared with: columns are on a grid where it takes them so
 */
export function columnBaselines(
  train: RowSet,
  test: RowSet,
  network: NetworkDescription | undefined,
): RowBaseline[] {
  if (train.levels !== undefined) return levelBaselines(train, test, train.levels);
  const grid = gridOf(network);
  const [seen, unseen] = grid ? [onGrid(train, grid), onGrid(test, grid)] : [train, test];
  const survey = surveyColumns(seen);
  const ranges = rangesOf(survey, surveyColumns(unseen), grid);
  const sum = (of: ColumnNll): Float64Array => sumColumns(unseen, of);
  return [
    { name: "uniform", exact: true, nll: sum((_, column) => logSize(ranges[column]!)) },
    { name: "Gaussian of each column", exact: grid === undefined, nll: sum(gaussianColumn(survey, ranges)) },
    { name: "histogram of each column", exact: true, nll: sum(histogramColumn(seen, ranges)) },
  ];
}

/** The same for integers: probabilities of levels. */
function levelBaselines(train: RowSet, test: RowSet, levels: number): RowBaseline[] {
  const [columns] = train.shape;
  const counts = new Float64Array(columns * levels).fill(1);
  train.rows.forEach((value, i) => {
    counts[(i % columns) * levels + value]!++;
  });
  const ofLevel: ColumnNll = (value, column) =>
    -Math.log((counts[column * levels + value] ?? 1) / (train.count + levels));
  return [
    { name: "uniform", exact: true, nll: sumColumns(test, () => Math.log(levels)) },
    { name: "histogram of each column", exact: true, nll: sumColumns(test, ofLevel) },
  ];
}

/** The step between the values of each column, 0 for a column of any numbers, and one of the values. */
type Grid = Readonly<{ gaps: readonly number[]; origins: readonly number[] }>;

/** The grid of the columns, for a network of probabilities. */
function gridOf(network: NetworkDescription | undefined): Grid | undefined {
  const first = network?.layers[0];
  if (first?.kind !== "dequantizeColumns") return undefined;
  const { gaps, origins = gaps.map(() => 0) } = first;
  return { gaps, origins };
}

/** Rows without the noise that they carry within the steps of the grid. */
function onGrid(set: RowSet, { gaps, origins }: Grid): RowSet {
  const [columns] = set.shape;
  const rows = Float32Array.from(set.rows, (value, i) => {
    const [gap, origin] = [gaps[i % columns]!, origins[i % columns]!];
    return gap > 0 ? origin + gap * Math.round((value - origin) / gap) : value;
  });
  return { ...set, rows };
}

type ColumnNll = (value: number, column: number) => number;

function sumColumns({ rows, count, shape: [columns] }: RowSet, of: ColumnNll): Float64Array {
  const sums = new Float64Array(count);
  rows.forEach((value, i) => {
    sums[Math.floor(i / columns)]! += of(value, i % columns);
  });
  return sums;
}

type Range = Readonly<{
  low: number;
  /** High minus low; on a grid one step more, so that each value has its own. */
  width: number;
  /** The step of the grid, or 0. */
  gap: number;
}>;

/** Range of each column over all rows; a constant column of any numbers has the width 1. */
const rangesOf = (train: ColumnSurvey, test: ColumnSurvey, grid: Grid | undefined): Range[] =>
  Array.from(train.least, (_, column) => {
    const [low, high] = [
      Math.min(train.least[column]!, test.least[column]!),
      Math.max(train.most[column]!, test.most[column]!),
    ];
    const gap = grid?.gaps[column] ?? 0;
    return gap > 0
      ? { low: low - gap / 2, width: high - low + gap, gap }
      : { low, width: high - low || 1, gap };
  });

/** Nats of a uniform distribution over a range: of a density, or of the probability of a value. */
const logSize = ({ width, gap }: Range): number => Math.log(gap > 0 ? width / gap : width);

/** On a grid, the mean over uniform noise within a step: an upper bound. */
const gaussianColumn =
  ({ mean, std }: ColumnSurvey, ranges: readonly Range[]): ColumnNll =>
  (value, column) => {
    const { gap } = ranges[column]!;
    const noise = gap ** 2 / 12;
    const variance = std[column]! ** 2 + noise || 1;
    const square = ((value - mean[column]!) ** 2 + noise) / variance;
    return 0.5 * (Math.log(2 * Math.PI * variance) + square) - Math.log(gap > 0 ? gap : 1);
  };

function histogramColumn({ rows, count, shape: [columns] }: RowSet, ranges: readonly Range[]): ColumnNll {
  const most = Math.max(1, Math.min(MOST_BINS, Math.floor(Math.sqrt(count))));
  const bins = ranges.map(({ width, gap }) => {
    if (gap === 0) return { count: most, width: width / most };
    const values = Math.round(width / gap);
    const each = values > MOST_BINS ? Math.ceil(values / most) : 1; // values of a bin
    return { count: Math.ceil(values / each), width: each * gap };
  });
  const binOf = (value: number, column: number): number => {
    const own = bins[column]!;
    return Math.min(own.count - 1, Math.max(0, Math.floor((value - ranges[column]!.low) / own.width)));
  };
  const counts = bins.map((own) => new Float64Array(own.count).fill(1));
  rows.forEach((value, i) => {
    counts[i % columns]![binOf(value, i % columns)]!++;
  });
  return (value, column) => {
    const own = bins[column]!;
    const part = counts[column]![binOf(value, column)]! / (count + own.count);
    const { gap } = ranges[column]!;
    return Math.log((gap > 0 ? own.width / gap : own.width) / part);
  };
}

/** A flow that scales the columns and whitens, initialized from all training rows. */
async function gaussianRows(
  train: RowSet,
  test: RowSet,
  { network, executor, seed }: { network: NetworkDescription; executor: Executor; seed: number },
): Promise<Float64Array> {
  const flow = flowOf({ name: "gaussian", description: network }, {});
  const data = { examples: train.rows, count: train.count };
  const params = await initParams({ flow, executor, data, initExamples: train.count, seed });
  const model = new FlowModel(flow, params, executor);
  try {
    return Float64Array.from(await model.logProb(test.rows, { seed }), (nats) => -nats);
  } finally {
    await model.dispose();
  }
}

/**
 * −log p of rows of values by the tree of columns that makes training rows likeliest: each column depends on one other at
 * most.
 */
export function chowLiuBaseline(train: CodedRows, { codes, count, sizes }: CodedRows): Float64Array {
  const tree = dependenceTree(train);
  const n = sizes.length;
  return Float64Array.from({ length: count }, (_, row) =>
    tree.reduce((nll, { parent, logs }, i) => {
      const before = parent < 0 ? 0 : codes[row * n + parent]!;
      return nll - logs[before * sizes[i]! + codes[row * n + i]!]!;
    }, 0),
  );
}
