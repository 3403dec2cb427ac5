import type { Network, NetworkLayer } from "@flowify/core";
import { couplingNetwork, denseNetwork } from "@flowify/core/internal";
import type { TableSchema } from "../data/table/schema.js";
import { tableColumns } from "../tables/columns/kinds.js";

/** Widths and bins of the networks; the splines live on ± bound standard deviations. */
const COUPLINGS = { blocks: 2, bins: 6, bound: 5, hidden: 48, marginalBins: 32 } as const;
/** The share of a line in the first splines: what is odd in one column stays far from the others. */
const LINE = 0.8;
/** A step's time is that of its arrays of knots, [rows, columns, bins]: from this many columns on, couplings have fewer bins, and columns no splines. */
const WIDE = { columns: 500, bins: 3 } as const;
const ADDITIVE = { couplings: 3, hidden: 64 } as const;

/** Variances along principal directions that hardly vary count as this share of their mean more. */
const SHRINKAGE = 0.01;

/**
 * Noise for the columns of a table whose values lie on a grid: whole numbers, days, codes of categories, and what says
 * that a value is missing.
 */
function tableFront(schema: TableSchema): NetworkLayer[] {
  const gaps: number[] = [];
  const origins: number[] = [];
  for (const { found, indicator } of tableColumns(schema)) {
    const { range, gap = 0, origin = 0, uneven } = found;
    const step = range === undefined ? 1 : uneven ? 0 : gap;
    gaps.push(step);
    origins.push(range === undefined || step === 0 ? 0 : range.least - origin);
    if (!indicator) continue;
    gaps.push(1);
    origins.push(0);
  }
  return gaps.some((gap) => gap > 0) ? [{ kind: "dequantizeColumns", gaps, origins }] : [];
}

const whitened: NetworkLayer = { kind: "whiten", scaled: true, shrinkage: SHRINKAGE };

/** A batch is at most this share of the data. */
const BATCH_PART = 1 / 4;

/** Examples of a batch at most: a power of two. */
export const mostOfBatch = (count: number): number =>
  2 ** Math.floor(Math.log2(Math.max(1, count * BATCH_PART)));

/** How a network for so many rows is trained by default. */
export const rowSchedule = (count: number) => ({
  batchSize: Math.min(256, mostOfBatch(count)),
  steps: 500,
  learningRate: 3e-3,
});

/** Layers behind the front, for so many columns; by the name of the network without `table/`. */
export const tableBodies: {
  readonly [name: string]: Readonly<{ brief: string; layers(columns: number): readonly NetworkLayer[] }>;
} = {
  couplings: {
    brief:
      "a spline for each column, a whitening, and spline couplings under random permutations: the default for tables",
    layers: (n) => {
      const { blocks, bound, hidden, marginalBins } = COUPLINGS;
      if (n === 1) return [{ kind: "marginal", bins: marginalBins }];
      const isWide = n >= WIDE.columns;
      const bins = isWide ? WIDE.bins : COUPLINGS.bins;
      const block = (seed: number): NetworkLayer[] => [
        { kind: "permuteChannels", seed },
        { kind: "coupling", stack: 2, bins, bound, hidden, residual: true },
      ];
      return [
        ...(isWide
          ? [whitened]
          : ([
              { kind: "marginal", bins: marginalBins, line: LINE },
              { kind: "whiten", shrinkage: SHRINKAGE },
            ] as const)),
        ...Array.from({ length: blocks }, (_, seed) => block(seed)).flat(),
      ];
    },
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
  layers: [...(schema ? tableFront(schema) : wholeFront(levels)), ...tableBodies[name]!.layers(columns)],
});

const wholeFront = (levels: number | undefined): NetworkLayer[] =>
  levels === undefined ? [] : [{ kind: "dequantize", levels }];
