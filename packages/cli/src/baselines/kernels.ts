import { surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { logSumExp } from "../statistics.js";
import { standardized } from "./normal-mixture.js";

/** Most rows that carry a kernel, and rows that the width is judged on. */
const MOST_ROWS = 2000;
const JUDGED = 500;

/** Widths that are tried, as factors of Scott's rule. */
const FACTORS = [0.25, 0.35, 0.5, 0.7, 1, 1.4] as const;

/**
 * Kernel density: a normal around each training row, in the units of the columns; of one width, which rows are most likely
 * with when each is left out. −log p of each row. Source: Silverman 1986, sections 3.4 and 4.3.
 */
export function kernelBaseline(train: RowSet, test: RowSet): Float64Array {
  const [n] = train.shape;
  const survey = surveyColumns(train);
  const centres = standardized(train, survey).slice(0, MOST_ROWS);
  const scott = centres.length ** (-1 / (n + 4));
  const squares = (row: Float64Array): Float64Array =>
    Float64Array.from(centres, (centre) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (row[i]! - centre[i]!) ** 2;
      return sum;
    });
  const logOf = (own: Float64Array, count: number, width: number): number =>
    logSumExp(own.map((square) => square / (-2 * width ** 2))) -
    Math.log(count) -
    n * (Math.log(width) + 0.5 * Math.log(2 * Math.PI));
  const judged = centres.slice(0, JUDGED).map((row, at) => {
    const own = squares(row);
    own[at] = Number.POSITIVE_INFINITY; // left out
    return own;
  });
  const scores = FACTORS.map((factor) =>
    judged.reduce((sum, own) => sum + logOf(own, centres.length - 1, factor * scott), 0),
  );
  const width = scott * FACTORS[scores.indexOf(Math.max(...scores))]!;
  const scale = survey.std.reduce((sum, std) => sum + Math.log(std || 1), 0);
  return Float64Array.from(
    standardized(test, survey),
    (row) => scale - logOf(squares(row), centres.length, width),
  );
}
