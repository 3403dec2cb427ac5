import { surveyColumns } from "../data/column-survey.js";
import type { DataSet } from "../data/image-set.js";

/** Levels of a pixel. */
const LEVELS = 256;

/**
 * The figure of a uniform distribution. For images: over the levels of a pixel, log₂ 256 bits per dimension. For rows:
 * −log p in nats over the range of each column in the training rows (over all levels for integers). Constant columns
 * count as 1 wide.
 */
export function uniformFigure(train: DataSet): number {
  if ("images" in train) return Math.log2(LEVELS);
  const { shape, levels } = train;
  if (levels !== undefined) return shape[0] * Math.log(levels);
  const { least, most } = surveyColumns(train);
  return least.reduce((sum, low, column) => sum + Math.log(most[column]! - low || 1), 0);
}
