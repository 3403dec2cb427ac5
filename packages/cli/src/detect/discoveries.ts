/**
 * The p-value up to which rows are flagged so that, on average, at most a share q of the flagged ones is ordinary: the
 * largest one with p ≤ q · #{p-values ≤ p} / m; 0 where there is none.
 *
 * @param counts how many of the m p-values are (k + 1) / counts.length, for k = 0, 1, …
 *
 * Source: Benjamini and Hochberg 1995; for conformal p-values Bates et al. 2023 (arXiv:2104.08279), theorem 2.
 */
export function discoveryThreshold(counts: ArrayLike<number>, q: number): number {
  let [all, upTo, threshold] = [0, 0, 0];
  for (let k = 0; k < counts.length; k++) all += counts[k]!;
  for (let k = 0; k < counts.length; k++) {
    upTo += counts[k]!;
    const p = (k + 1) / counts.length;
    if (counts[k]! > 0 && p <= (q * upTo) / all) threshold = p;
  }
  return threshold;
}
