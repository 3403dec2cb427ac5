/**
 * How often p ≤ r / (n + 1) at most, given the n held-out scores that p is calibrated by: that share is a Beta(r, n + 1 − r)
 * variable. P(Beta(r, n + 1 − r) > u) = P(Bin(n, u) < r) ≤ exp(−n KL((r − 1)/n ‖ u)), which is δ at the returned u.
 *
 * Source: Bates et al. 2023, "Testing for outliers with conformal p-values" (arXiv:2104.08279), section 3
 */
export function upperShare(rank: number, held: number, delta: number): number {
  const below = (rank - 1) / held;
  const wanted = -Math.log(delta) / held;
  let [low, high] = [below, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (divergence(below, middle) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** KL of two coins. */
const divergence = (a: number, b: number): number =>
  (a > 0 ? a * Math.log(a / b) : 0) + (1 - a) * Math.log((1 - a) / (1 - b));
