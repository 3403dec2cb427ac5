import { surveyColumns } from "../data/column-survey.js";
import type { DataSet, RowSet } from "../data/image-set.js";
import type { NetworkDescription } from "../networks/network.js";
import { descriptionOf } from "../networks/presets.js";
import { tableNetwork } from "../networks/table-networks.js";

const LEVELS = 256;

/**
 * The figure of a uniform distribution. For images: over the levels of a pixel, log₂ 256 bits per dimension. For rows:
 * −log p in nats over the range of each column in the training rows (over all levels for integers). Constant columns
 * count as 1 wide.
 *
 * @param network that is compared with it: where it takes values of a grid, the figure is for them as well
 */
export function uniformFigure(train: DataSet, network?: NetworkDescription): number {
  if ("images" in train) return Math.log2(LEVELS);
  const { shape, levels } = train;
  if (levels !== undefined) return shape[0] * Math.log(levels);
  return surveyColumns(train).reduce(
    (sum, { least, most }) => sum + Math.log(most - least || 1),
    -logGaps(gridOf(network && withGrid(network, train))),
  );
}

/** A network that begins with the noise of the columns on a grid, where their values have probabilities without noise. */
export const withGrid = (network: NetworkDescription, { schema, shape }: RowSet): NetworkDescription =>
  schema && /"(mixedRow|valueTree)"/.test(JSON.stringify(network.layers))
    ? descriptionOf(tableNetwork("gaussian", shape[0], schema))
    : network;

/** The step between the values of each column, 0 for a column of any numbers, and one of the values. */
export type Grid = Readonly<{ gaps: readonly number[]; origins: readonly number[] }>;

/** The grid of the columns, for a network of probabilities. */
export function gridOf(network: NetworkDescription | undefined): Grid | undefined {
  const first = network?.layers[0];
  if (first?.kind !== "dequantizeColumns") return undefined;
  const { gaps, origins = gaps.map(() => 0) } = first;
  return { gaps, origins };
}

/** Σ log g of the columns whose likelihood is the probability of a value, which has a width of g. */
export const logGaps = (grid: Grid | undefined): number =>
  (grid?.gaps ?? []).reduce((sum, gap) => sum + (gap > 0 ? Math.log(gap) : 0), 0);
