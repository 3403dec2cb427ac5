import type { Network, NetworkLayer } from "@flowify/core";
import { couplingNetwork, denseNetwork } from "@flowify/core/internal";
import type { TableSchema } from "../data/table/schema.js";
import { tableColumns } from "../tables/columns/kinds.js";

/** Widths and bins of the networks; the splines live on ± bound standard deviations. */
const COUPLINGS = { blocks: 2, bins: 8, bound: 4, hidden: 64, marginalBins: 32 } as const;
const ADDITIVE = { couplings: 3, hidden: 64 } as const;

/** Variances along principal directions that hardly vary count as this share of their mean more. */
const SHRINKAGE = 0.01;

/**
 * Noise for the columns of a table whose values lie on a grid: whole numbers, days, codes of categories, and what says
 * that a value is missing.
 */
function tableFront(schema: TableSchema): NetworkLayer[] {
  const { gaps, origins } = valuesOf(schema);
  return gaps.some((gap) => gap > 0) ? [{ kind: "dequantizeColumns", gaps, origins }] : [];
}

/** Of each number of a row: the step between its values, 0 where it has any, the least one, and how many there are. */
function valuesOf(schema: TableSchema | undefined) {
  const found = { gaps: [] as number[], origins: [] as number[], sizes: [] as number[] };
  const add = (gap: number, origin: number, size: number): void => {
    found.gaps.push(gap);
    found.origins.push(origin);
    found.sizes.push(size);
  };
  for (const { found: column, instead } of schema ? tableColumns(schema) : []) {
    const { range, gap = 0, origin = 0, uneven, values = [] } = column;
    if (range === undefined) add(1, 0, values.length + 1);
    else if (uneven || gap === 0) add(0, 0, Number.POSITIVE_INFINITY);
    else add(gap, range.least - origin, Math.round((range.most - range.least) / gap) + 1);
    if (instead.length > 0) add(1, 0, instead.length + 1);
  }
  return found;
}

const whitened: NetworkLayer = { kind: "whiten", scaled: true, shrinkage: SHRINKAGE };

const { blocks, bins, bound, hidden, marginalBins } = COUPLINGS;

const couplings = (n: number): NetworkLayer[] =>
  n === 1
    ? []
    : Array.from({ length: blocks }, (_, seed): NetworkLayer[] => [
        { kind: "permuteChannels", seed },
        { kind: "coupling", stack: 2, bins, bound, hidden },
      ]).flat();

/** Most columns of a table for mixtures of so many normals: in the units of the columns, behind their splines, and behind couplings. */
const MIXTURES = [
  { most: 8, own: [2, 3, 5, 10, 16], behind: [4], trained: 4 },
  { most: 32, own: [2, 4, 8], behind: [4], trained: 4 },
  { most: 100, own: [2, 4], behind: [2], trained: 0 },
] as const;

/**
 * Densities that start from the data: Gaussians and mixtures of normals, in the units of the columns and behind a spline for
 * each, and couplings, which alone are trained.
 */
function stack(n: number, schema?: TableSchema): NetworkLayer[] {
  const { own = [], behind = [], trained = 0 } = MIXTURES.find(({ most }) => n <= most) ?? {};
  const normals = (components: number): NetworkLayer => ({ kind: "gaussianMixture", components, kept: 0 });
  const whiten = (shrinkage: number): NetworkLayer => ({ kind: "whiten", scaled: true, shrinkage });
  const marginal: NetworkLayer = { kind: "marginal", bins: marginalBins };
  const values = valuesOf(schema);
  const few = values.sizes.reduce((sum, size) => sum + size, 0) <= MOST_VALUES && values.sizes.length > 1;
  const tree: NetworkLayer = { kind: "valueTree", ...values };
  const factors: NetworkLayer = { kind: "whiten", scaled: true, factors: true };
  // logarithms of large numbers have light tails: a row far out costs some nats and not thousands
  const heavy: NetworkLayer[] = [
    { kind: "actnorm" },
    { kind: "asinh" },
    marginal,
    ...(n > 1 ? [whiten(LITTLE)] : []),
  ];
  const gaussian: NetworkLayer[][] = [[whiten(LITTLE)], [marginal], heavy, ...(few ? [[tree]] : [])];
  if (n === 1) return [{ kind: "flowMixture", stacked: true, fixed: gaussian.length, members: gaussian }];
  const fixed = [
    ...gaussian,
    ...own.map((components) => [normals(components)]),
    [marginal, whiten(LITTLE)],
    [marginal, whiten(0.05)],
    ...(n < LEAST_FOR_FACTORS ? [] : [[factors], [marginal, factors]]),
    ...behind.map((components) => [marginal, normals(components)]),
  ];
  const learning = [marginal, whiten(SHRINKAGE), ...couplings(n), ...(trained > 0 ? [normals(trained)] : [])];
  return [{ kind: "flowMixture", stacked: true, fixed: fixed.length, members: [...fixed, learning] }];
}

/** Most values of all columns together for a tree of them. */
const MOST_VALUES = 512;

/** Fewer columns have a covariance of few numbers without common factors. */
const LEAST_FOR_FACTORS = 6;

/** Shrinkage that a Gaussian of many rows does not need, for columns that are copies of others. */
const LITTLE = 1e-4;

/** Layers behind the front, for so many columns; by the name of the network without `table/`. */
export const tableBodies: {
  readonly [name: string]: Readonly<{
    brief: string;
    layers(columns: number, schema?: TableSchema): readonly NetworkLayer[];
  }>;
} = {
  stack: {
    brief:
      "a mixture of Gaussians, copulas, mixtures of normals and couplings, weighed by held-out rows: the default for tables",
    layers: stack,
  },
  couplings: {
    brief: "a spline for each column, and spline couplings under random permutations",
    layers: (n) => [{ kind: "marginal", bins: marginalBins }, ...couplings(n)],
  },
  additive: {
    brief: "additive couplings: the volume is that of the whitening, the same for all rows",
    layers: (n) => [
      whitened,
      ...(n === 1
        ? []
        : [
            {
              kind: "coupling",
              stack: ADDITIVE.couplings,
              additive: true,
              hidden: ADDITIVE.hidden,
            } as const,
          ]),
    ],
  },
  dense: {
    brief: "three dense layers with splines, which keep half of the columns and model the others",
    layers: (n) => denseNetwork(n, [n, Math.ceil(0.75 * n), Math.ceil(n / 2)]).layers,
  },
  gaussian: {
    brief: "one Gaussian",
    layers: (n) => [...couplingNetwork(n, { blocks: 0 }).layers, { kind: "affine" }],
  },
};

/** The network of this name for rows of so many numbers: of a table, or of an array, where `levels` are those of integers. */
export const tableNetwork = (
  name: string,
  columns: number,
  schema: TableSchema | undefined,
  levels?: number,
): Network => ({
  inShape: [columns],
  layers: [
    ...(schema ? tableFront(schema) : wholeFront(levels)),
    ...tableBodies[name]!.layers(columns, schema),
  ],
});

const wholeFront = (levels: number | undefined): NetworkLayer[] =>
  levels === undefined ? [] : [{ kind: "dequantize", levels }];
