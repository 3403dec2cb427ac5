/** The multivariate normal density from its covariance, by Cholesky's factor. */

import { logNormal, type Rows, sum } from "../../src/testing/plain.js";
import { transpose } from "./plain.js";

/** Lower triangular F with F Fᵀ = C. */
function cholesky(c: Rows): Rows {
  const f: Rows = c.map((row) => row.map(() => 0));
  c.forEach((row, i) => {
    const own = f[i] as number[];
    for (let j = 0; j <= i; j++) {
      const other = f[j] as number[];
      let rest = row[j] as number;
      for (let k = 0; k < j; k++) rest -= (own[k] as number) * (other[k] as number);
      own[j] = i === j ? Math.sqrt(rest) : rest / (other[j] as number);
    }
  });
  return f;
}

/** log N(x; μ, A Aᵀ), A given by its columns: what each standard normal number adds to x. */
export function gaussianLogDensity(x: readonly number[], mean: readonly number[], columns: Rows): number {
  const a = transpose(columns); // [pixels][numbers]
  const covariance = a.map((row) => a.map((other) => sum(row.map((v, k) => v * (other[k] as number)))));
  const factor = cholesky(covariance);
  const white: number[] = [];
  factor.forEach((row, i) => {
    let rest = (x[i] as number) - (mean[i] as number);
    for (let k = 0; k < i; k++) rest -= (row[k] as number) * (white[k] as number);
    white.push(rest / (row[i] as number));
  });
  return sum(white.map((v, i) => logNormal(v) - Math.log(factor[i]?.[i] as number)));
}
