import { surveyColumns } from "../data/column-survey.js";
import type { DataSet } from "../data/image-set.js";

/** Levels of a pixel. */
const LEVELS = 256;

/**
 * What a uniform distribution has: over the levels of a pixel, log₂ 256 bits per dimension; of rows, −log p in nats over the
 * range of each column in the training rows (over all levels, where they are integers). Constant columns count as of width 1.
 */
export function uniformFigure(train: DataSet): number {
  if ("images" in train) return Math.log2(LEVELS);
  const { shape, levels } = train;
  if (levels !== undefined) return shape[0] * Math.log(levels);
  const { least, most } = surveyColumns(train);
  return least.reduce((sum, low, column) => sum + Math.log(most[column]! - low || 1), 0);
}
