import { UsageError } from "@flowify/core";
import { bisectLeft, bisectRight } from "d3-array";

/**
 * What may come, for one row: a distribution as equally likely values. Quantiles are values among them, so those of whole
 * numbers are whole.
 */
export class Predictive {
  /** The values, ascending. */
  readonly points: Float64Array;

  /** @param points in any order; they are copied */
  constructor(points: ArrayLike<number>) {
    this.points = Float64Array.from(points).sort();
  }

  get mean(): number {
    return this.points.reduce((sum, value) => sum + value, 0) / this.points.length;
  }

  /**
   * The smallest value with at least the probability p up to it.
   *
   * @throws UsageError for no probability
   */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) throw new UsageError(`quantile: expected a probability from 0 to 1, got ${p}`);
    const { length } = this.points;
    const at = Math.ceil(p * length - 1e-9) - 1;
    return this.points[Math.min(Math.max(at, 0), length - 1)] as number;
  }

  /** The probability of less than this value, and of at most this value. */
  ranks(value: number): { below: number; upTo: number } {
    const { points } = this;
    return {
      below: bisectLeft(points, value) / points.length,
      upTo: bisectRight(points, value) / points.length,
    };
  }

  /** The probability of less than this value, half of the value itself included: uniform where the distributions are right. */
  rank(value: number): number {
    const { below, upTo } = this.ranks(value);
    return (below + upTo) / 2;
  }

  /**
   * Continuous ranked probability score, E|Y − y| − ½ E|Y − Y'|, in the unit of the values: the absolute error, generalized
   * to distributions. Less is better. Source: Gneiting and Raftery 2007, equation 21.
   */
  crps(value: number): number {
    const { points } = this;
    const n = points.length;
    let [away, apart] = [0, 0];
    for (let i = 0; i < n; i++) {
      const point = points[i] as number;
      away += Math.abs(point - value);
      apart += point * (2 * i + 1 - n);
    }
    return away / n - apart / (n * n);
  }
}
