/**
 * Functions that are the same to the bit on every machine: sums, products, quotients and square roots alone, which IEEE 754
 * rounds in one way. `Math.exp` and the like may differ between engines.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const TAYLOR_TERMS = 14;

/** 2^−1074 … 2^1023 */
const powersOf2 = ((): Float64Array => {
  const powers = new Float64Array(2098);
  powers[1074] = 1;
  for (let i = 1075; i < powers.length; i++) powers[i] = powers[i - 1]! * 2;
  for (let i = 1073; i >= 0; i--) powers[i] = powers[i + 1]! / 2;
  return powers;
})();

/** eˣ to about 2 units in the last place; 0 below −740. For x < 700. */
export function exp(x: number): number {
  if (x < -740) return 0;
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW; // |r| ≤ ½ ln 2
  let sum = 1;
  for (let n = TAYLOR_TERMS; n >= 1; n--) sum = 1 + (sum * r) / n;
  return sum * powersOf2[k + 1074]!;
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
] as const;

/**
 * Φ(t) of the standard normal distribution, to 1.2e-7 of it below 0 and of 1 − Φ above. Source: the rational Chebyshev
 * approximation of erfc in Press et al., Numerical Recipes, section 6.2.
 */
export function normalCdf(t: number): number {
  const x = Math.abs(t) * Math.SQRT1_2;
  const u = 1 / (1 + 0.5 * x);
  let sum = 0;
  for (let i = ERFC.length - 1; i >= 0; i--) sum = sum * u + ERFC[i]!;
  const tail = 0.5 * u * exp(sum - x * x);
  return t < 0 ? tail : 1 - tail;
}
