/**
 * Φ(x) of the standard normal distribution, to 1e-7 absolute: the complementary error function by the rational
 * approximation of Numerical Recipes (Press et al. 2007, section 6.2.2; relative error 1.2e-7).
 */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * z);
  const series = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223,
  ].reduce((sum, c) => sum * t + c, 0);
  const erfc = t * Math.exp(-z * z + series);
  return x < 0 ? erfc / 2 : 1 - erfc / 2;
}

/** φ(x) of the standard normal distribution. */
export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Φ⁻¹(p) for 0 < p < 1, by bisection of Φ: only for a few numbers. */
export function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
