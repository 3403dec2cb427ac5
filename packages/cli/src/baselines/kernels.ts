import { surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { valueAt } from "../places.js";
import { logScale, standardized } from "./normal-mixture.js";

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
  const squares = new Float64Array(centres.length);
  /** Squared distances of a row from all centres. */
  const measure = (row: Float64Array): void => {
    for (const [c, centre] of centres.entries()) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const apart = row[i]! - centre[i]!;
        sum += apart * apart;
      }
      squares[c] = sum;
    }
  };
  const logOf = (count: number, width: number): number => {
    const least = squares.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const scale = 1 / (-2 * width ** 2);
    let sum = 0;
    for (const square of squares) sum += Math.exp((square - least) * scale);
    return (
      least * scale + Math.log(sum) - Math.log(count) - n * (Math.log(width) + 0.5 * Math.log(2 * Math.PI))
    );
  };
  const scores = FACTORS.map(() => 0);
  for (const [at, row] of centres.slice(0, JUDGED).entries()) {
    measure(row);
    squares[at] = Number.POSITIVE_INFINITY; // left out
    for (const [f, factor] of FACTORS.entries())
      scores[f] = (scores[f] ?? 0) + logOf(centres.length - 1, factor * scott);
  }
  const width = scott * valueAt(FACTORS, scores.indexOf(Math.max(...scores)));
  const scale = logScale(survey);
  return Float64Array.from(standardized(test, survey), (row) => {
    measure(row);
    return scale - logOf(centres.length, width);
  });
}
