import { valueAt } from "../places.js";
import { type Columns, rowCount } from "./columns.js";

/** Trees, levels of each, the part of a tree that counts, and what shrinks its leaves. */
const TREES = { count: 60, levels: 3, rate: 0.15, shrinkage: 1 } as const;
/** Bins of a column: by quantiles, the first for missing values. */
const BINS = 32;

/** A share of labels is never 0 or 1. */
const LEAST = 1e-6;

/** Columns as places among quantiles, [rows, width]. */
export type Binned = Readonly<{ bins: Uint8Array; width: number }>;

/** Splits the values of each column at quantiles of all rows. */
export function binned(columns: Columns): Binned {
  const width = columns.length;
  const bins = new Uint8Array(rowCount(columns) * width);
  for (const [place, { values }] of columns.entries()) {
    const sorted = values.filter((value) => !Number.isNaN(value)).sort();
    const quantile = (k: number): number =>
      sorted[Math.floor((k * sorted.length) / (BINS - 1))] ?? Number.NaN;
    const edges = [...new Set(Array.from({ length: BINS - 2 }, (_, k) => quantile(k + 1)))];
    values.forEach((value, row) => {
      const above = edges.findIndex((edge) => value < edge);
      bins[row * width + place] = Number.isNaN(value) ? 0 : 1 + (above < 0 ? edges.length : above);
    });
  }
  return { bins, width };
}

/** A split in a column behind a bin, for every node of a tree but the leaves; and the values of the leaves. */
type Tree = Readonly<{ places: Uint16Array; edges: Uint8Array; leaves: Float64Array }>;

/**
 * Gradient boosting with trees of three levels, by second-order steps: of 0 and 1 by the logistic loss, the result is the
 * logit; of numbers by the squared one.
 *
 * @param rows those to learn from
 * @returns the prediction for a row, by its place
 *
 * Source: Friedman 2001; Chen and Guestrin 2016, equations 5 to 7.
 */
export function boostedTrees(
  { bins, width }: Binned,
  rows: ArrayLike<number>,
  target: ArrayLike<number>,
  { logistic }: Readonly<{ logistic: boolean }>,
): (row: number) => number {
  const count = rows.length;
  const wanted = Float64Array.from(rows, (row) => valueAt(target, row));
  const mean = wanted.reduce((sum, value) => sum + value / count, 0);
  const start = logistic ? Math.log((mean + LEAST) / (1 - mean + LEAST)) : mean;
  const now = new Float64Array(count).fill(start);
  const [slopes, curvatures] = [new Float64Array(count), new Float64Array(count)];
  const trees: Tree[] = [];
  for (let t = 0; t < TREES.count; t++) {
    for (const [i, value] of now.entries()) {
      const p = logistic ? 1 / (1 + Math.exp(-value)) : value;
      slopes[i] = p - wanted[i]!;
      curvatures[i] = logistic ? p * (1 - p) : 1;
    }
    const tree = grown(bins, width, rows, slopes, curvatures);
    trees.push(tree);
    for (let i = 0; i < count; i++) now[i]! += leafOf(tree, bins, rows[i]! * width);
  }
  return (row) => trees.reduce((sum, tree) => sum + leafOf(tree, bins, row * width), start);
}

const NODES = 2 ** TREES.levels - 1;

function leafOf({ places, edges, leaves }: Tree, bins: Uint8Array, from: number): number {
  let node = 0;
  while (node < NODES) node = 2 * node + 1 + Number(bins[from + places[node]!]! > edges[node]!);
  return leaves[node - NODES]!;
}

/** A tree level by level: each node is split where that lowers the loss most. */
function grown(
  bins: Uint8Array,
  width: number,
  rows: ArrayLike<number>,
  slopes: Float64Array,
  curvatures: Float64Array,
): Tree {
  const tree = {
    places: new Uint16Array(NODES),
    edges: new Uint8Array(NODES).fill(BINS), // all rows go left
    leaves: new Float64Array(NODES + 1),
  };
  const nodes = new Uint8Array(rows.length);
  for (let level = 0; level < TREES.levels; level++) {
    const first = 2 ** level - 1;
    const sums = new Float64Array((first + 1) * width * BINS * 2);
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i]! * width;
      for (let place = 0; place < width; place++) {
        const at = 2 * (((nodes[i]! - first) * width + place) * BINS + bins[from + place]!);
        sums[at]! += slopes[i]!;
        sums[at + 1]! += curvatures[i]!;
      }
    }
    for (let node = first; node <= 2 * first; node++) {
      const split = bestSplit(sums.subarray(2 * (node - first) * width * BINS), width);
      if (!split) continue;
      tree.places[node] = split.place;
      tree.edges[node] = split.edge;
    }
    for (let i = 0; i < rows.length; i++) {
      const node = nodes[i]!;
      nodes[i] = 2 * node + 1 + Number(bins[rows[i]! * width + tree.places[node]!]! > tree.edges[node]!);
    }
  }
  const [slope, curvature] = [new Float64Array(NODES + 1), new Float64Array(NODES + 1)];
  nodes.forEach((node, i) => {
    slope[node - NODES]! += slopes[i]!;
    curvature[node - NODES]! += curvatures[i]!;
  });
  slope.forEach((sum, leaf) => {
    tree.leaves[leaf] = (-TREES.rate * sum) / (valueAt(curvature, leaf) + TREES.shrinkage);
  });
  return tree;
}

/** Where a node is split, from its sums of slopes and curvatures [width, bins, 2]; undefined where nothing is gained. */
function bestSplit(sums: Float64Array, width: number) {
  const scoreOf = (slope: number, curvature: number): number => slope ** 2 / (curvature + TREES.shrinkage);
  let best: { gain: number; place: number; edge: number } | undefined;
  for (let place = 0; place < width; place++) {
    const from = 2 * place * BINS;
    let [slope, curvature] = [0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      slope += sums[from + 2 * bin]!;
      curvature += sums[from + 2 * bin + 1]!;
    }
    const before = scoreOf(slope, curvature);
    let [left, below] = [0, 0];
    for (let edge = 0; edge < BINS - 1; edge++) {
      left += sums[from + 2 * edge]!;
      below += sums[from + 2 * edge + 1]!;
      const gain = scoreOf(left, below) + scoreOf(slope - left, curvature - below) - before;
      if (gain > (best?.gain ?? 1e-9)) best = { gain, place, edge };
    }
  }
  return best;
}
