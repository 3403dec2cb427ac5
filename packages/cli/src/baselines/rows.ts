import type { Executor } from "@flowify/core";
import { dependenceGraph } from "@flowify/core/internal";
import { type ColumnSurvey, surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { gaussianNetwork } from "../networks/auto.js";
import { flowOf } from "../networks/choose.js";
import type { NetworkDescription } from "../networks/network.js";
import { descriptionOf } from "../networks/presets.js";
import { tableNetwork } from "../networks/table-networks.js";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";
import { whitened } from "./gaussian.js";
import { kernelBaseline } from "./kernels.js";
import { mixtureBaseline } from "./normal-mixture.js";
import { type Grid, gridOf, logGaps, withGrid } from "./uniform.js";

type CodedRows = Parameters<typeof dependenceGraph>[0];

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
  const gaussian = flowOf({ name: "gaussian", description: network }, {});
  const found = [
    ...columnBaselines(train, test, network),
    {
      name: "Gaussian",
      exact,
      nll: (await whitened(gaussian, train, test, executor, seed)).map((nats) => -nats),
    },
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

/** Most values of a column in the tree. */
const MOST_VALUES = 64;

/** A Chow–Liu tree of the columns of few values, and histograms of the others; undefined where fewer than two have few. */
function treeBaseline(train: RowSet, test: RowSet, grid: Grid): Float64Array | undefined {
  const [seen, unseen] = [onGrid(train, grid), onGrid(test, grid)];
  const ranges = rangesOf(surveyColumns(seen), surveyColumns(unseen), grid);
  const few = ranges.flatMap((range, column) => {
    const size = range.gap > 0 ? Math.round(range.width / range.gap) : Number.POSITIVE_INFINITY;
    return size <= MOST_VALUES ? [{ ...range, column, size }] : [];
  });
  if (few.length < 2) return undefined;
  const coded = ({ rows, count, shape: [columns] }: RowSet): CodedRows => {
    const codes = new Int32Array(count * few.length);
    for (const [place, { column, low, gap }] of few.entries())
      for (let row = 0; row < count; row++)
        codes[row * few.length + place] = Math.floor((rows[row * columns + column]! - low) / gap);
    return { count, sizes: few.map(({ size }) => size), codes };
  };
  const inTree = new Set(few.map(({ column }) => column));
  const others = histograms(seen, ranges).map((of, column) => (inTree.has(column) ? () => 0 : of));
  const rest = sumColumns(unseen, others);
  return chowLiuBaseline(coded(seen), coded(unseen)).map((nll, row) => nll + valueAt(rest, row));
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
  const sum = (of: readonly ColumnNll[]): Float64Array => sumColumns(unseen, of);
  const uniform = ranges.map(logSize).map((nats) => () => nats);
  const gaussians = survey.map((own, column) => gaussianOf(own, valueAt(ranges, column)));
  return [
    { name: "uniform", exact: true, nll: sum(uniform) },
    { name: "Gaussian of each column", exact: grid === undefined, nll: sum(gaussians) },
    { name: "histogram of each column", exact: true, nll: sum(histograms(seen, ranges)) },
  ];
}

/** The same for integers: probabilities of levels. */
function levelBaselines(train: RowSet, test: RowSet, levels: number): RowBaseline[] {
  const [columns] = train.shape;
  const counts = new Float64Array(columns * levels).fill(1);
  train.rows.forEach((value, i) => {
    counts[(i % columns) * levels + value]!++;
  });
  const ofLevels = Array.from(
    { length: columns },
    (_, column): ColumnNll =>
      (value) =>
        -Math.log((counts[column * levels + value] ?? 1) / (train.count + levels)),
  );
  return [
    {
      name: "uniform",
      exact: true,
      nll: sumColumns(
        test,
        ofLevels.map(() => () => Math.log(levels)),
      ),
    },
    { name: "histogram of each column", exact: true, nll: sumColumns(test, ofLevels) },
  ];
}

/** Rows without the noise that they carry within the steps of the grid. */
function onGrid(set: RowSet, { gaps, origins }: Grid): RowSet {
  const [columns] = set.shape;
  const rows = Float32Array.from(set.rows, (value, i) => {
    const [gap, origin] = [valueAt(gaps, i % columns), valueAt(origins, i % columns)];
    return gap > 0 ? origin + gap * Math.round((value - origin) / gap) : value;
  });
  return { ...set, rows };
}

/** −log p of a value of one column. */
type ColumnNll = (value: number) => number;

const sumColumns = (
  { rows, count, shape: [columns] }: RowSet,
  ofColumns: readonly ColumnNll[],
): Float64Array =>
  Float64Array.from({ length: count }, (_, row) =>
    ofColumns.reduce((sum, of, column) => sum + of(rows[row * columns + column]!), 0),
  );

type Range = Readonly<{
  low: number;
  /** High minus low; on a grid one step more, so that each value has its own. */
  width: number;
  /** The step of the grid, or 0. */
  gap: number;
}>;

/** Range of each column over all rows; a constant column of any numbers has the width 1. */
const rangesOf = (
  train: readonly ColumnSurvey[],
  test: readonly ColumnSurvey[],
  grid: Grid | undefined,
): Range[] =>
  train.map(({ least, most }, column) => {
    const other = valueAt(test, column);
    const [low, high] = [Math.min(least, other.least), Math.max(most, other.most)];
    const gap = grid?.gaps[column] ?? 0;
    return gap > 0
      ? { low: low - gap / 2, width: high - low + gap, gap }
      : { low, width: high - low || 1, gap };
  });

/** Nats of a uniform distribution over a range: of a density, or of the probability of a value. */
const logSize = ({ width, gap }: Range): number => Math.log(gap > 0 ? width / gap : width);

/** On a grid, the mean over uniform noise within a step: an upper bound. */
const gaussianOf =
  ({ mean, std }: ColumnSurvey, { gap }: Range): ColumnNll =>
  (value) => {
    const noise = gap ** 2 / 12;
    const variance = std ** 2 + noise || 1;
    const square = ((value - mean) ** 2 + noise) / variance;
    return 0.5 * (Math.log(2 * Math.PI * variance) + square) - Math.log(gap > 0 ? gap : 1);
  };

/** The number of bins of a column, and the width of each. */
function binsOf({ width, gap }: Range, most: number): { bins: number; each: number } {
  if (gap === 0) return { bins: most, each: width / most };
  const values = Math.round(width / gap);
  const together = values > MOST_BINS ? Math.ceil(values / most) : 1; // values of a bin
  return { bins: Math.ceil(values / together), each: together * gap };
}

function histograms({ rows, count, shape: [columns] }: RowSet, ranges: readonly Range[]): ColumnNll[] {
  const most = Math.max(1, Math.min(MOST_BINS, Math.floor(Math.sqrt(count))));
  return ranges.map((range, column) => {
    const { bins, each } = binsOf(range, most);
    const counts = new Float64Array(bins).fill(1);
    const binOf = (value: number): number =>
      Math.min(bins - 1, Math.max(0, Math.floor((value - range.low) / each)));
    for (let row = 0; row < count; row++) counts[binOf(rows[row * columns + column]!)]!++;
    return (value) => {
      const part = counts[binOf(value)]! / (count + bins);
      return Math.log((range.gap > 0 ? each / range.gap : each) / part);
    };
  });
}

/**
 * −log p of rows of values by the tree of columns that makes training rows likeliest: each column depends on one other at
 * most.
 */
export function chowLiuBaseline(train: CodedRows, { codes, count, sizes }: CodedRows): Float64Array {
  const tree = dependenceGraph(train);
  const n = sizes.length;
  return Float64Array.from({ length: count }, (_, row) => {
    const own = rowOf(codes, row, n);
    return tree.reduce((nll, { parents: [parent], logs }, i) => {
      const before = parent === undefined ? 0 : valueAt(own, parent);
      return nll - logs[before * valueAt(sizes, i) + valueAt(own, i)]!;
    }, 0);
  });
}
