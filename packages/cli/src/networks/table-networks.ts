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

/** Layers behind the front, for so many columns; by the name of the network without `table/`. */
export const tableBodies: {
  readonly [name: string]: Readonly<{ brief: string; layers(columns: number): readonly NetworkLayer[] }>;
} = {
  couplings: {
    brief: "a spline for each column, and spline couplings under random permutations: the default for tables",
    layers: (n) => {
      const { blocks, bins, bound, hidden, marginalBins } = COUPLINGS;
      const block = (seed: number): NetworkLayer[] => [
        { kind: "permuteChannels", seed },
        { kind: "coupling", stack: 2, bins, bound, hidden },
      ];
      const mixing = n === 1 ? [] : Array.from({ length: blocks }, (_, seed) => block(seed)).flat();
      return [{ kind: "marginal", bins: marginalBins }, ...mixing];
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
