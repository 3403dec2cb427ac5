import { fitMixture } from "@flowify/core/internal";
import { type ColumnSurvey, surveyColumns } from "../data/column-survey.js";
import type { RowSet } from "../data/image-set.js";
import { logSumExp } from "../statistics.js";

/** Numbers of normals that are tried, until two in a row are worse. */
const TRIED = [1, 2, 3, 4, 6, 8, 12, 16] as const;

/** Most rows to fit to, and most numbers of the largest mixture. */
const MOST_ROWS = 5000;
const MOST_NUMBERS = 2 ** 16;

type Fitted = Awaited<ReturnType<typeof fitMixture>>;

/** A mixture of normals with whole covariances, as many as the Bayesian information criterion says: −log p of each row. */
export async function mixtureBaseline(train: RowSet, test: RowSet): Promise<Float64Array> {
  const [n] = train.shape;
  const survey = surveyColumns(train);
  const rows = standardized(train, survey).slice(0, MOST_ROWS);
  let best: { criterion: number; fitted: Fitted } | undefined;
  let worse = 0;
  for (const K of TRIED) {
    const numbers = K * (1 + n + (n * (n + 1)) / 2) - 1;
    if (best && (numbers > MOST_NUMBERS || numbers > rows.length * n || worse > 1)) break;
    const fitted = fitMixture(rows, K);
    const nll = nllOf(fitted, rows, n);
    const criterion = 2 * nll.reduce((a, b) => a + b, 0) + numbers * Math.log(rows.length);
    worse = best && criterion >= best.criterion ? worse + 1 : 0;
    if (worse === 0) best = { criterion, fitted };
  }
  if (!best) throw new RangeError(`no mixture of ${train.count} rows`);
  const scale = logScale(survey);
  return nllOf(best.fitted, standardized(test, survey), n).map((nll) => nll + scale);
}

/** Rows in the units of the columns. */
export const standardized = (
  { rows, count, shape: [n] }: RowSet,
  survey: readonly ColumnSurvey[],
): Float64Array[] =>
  Array.from({ length: count }, (_, r) =>
    Float64Array.from(survey, ({ mean, std }, i) => (rows[r * n + i]! - mean) / (std || 1)),
  );

/** Σ log of these units. */
export const logScale = (survey: readonly ColumnSurvey[]): number =>
  survey.reduce((sum, { std }) => sum + Math.log(std || 1), 0);

function nllOf(fitted: Fitted, rows: readonly Float64Array[], n: number): Float64Array {
  const e = new Float64Array(n);
  return Float64Array.from(
    rows,
    (row) =>
      -logSumExp(
        fitted.map(({ weight, mean, factor }) => {
          let log = Math.log(weight) - (n / 2) * Math.log(2 * Math.PI);
          for (let i = 0; i < n; i++) {
            let rest = row[i]! - mean[i]!;
            for (let j = 0; j < i; j++) rest -= factor[i * n + j]! * e[j]!;
            const pivot = factor[i * n + i]!;
            const own = rest / pivot;
            e[i] = own;
            log -= own ** 2 / 2 + Math.log(pivot);
          }
          return log;
        }),
      ),
  );
}
