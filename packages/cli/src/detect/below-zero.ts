import { normalCdf } from "@flowify/core/internal";
import { numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import type { TableColumn } from "../tables/columns/kinds.js";
import type { Spaces } from "./spaces.js";

/** So many training values of a normal of the same mean and deviation would be below zero, where none is: no chance, but a bound. */
const EXPECTED = 5;

/** How much farther beyond its range a value below that bound is: it is another kind of value, as a new category is. */
const FARTHER = 1000;

/**
 * 1000 Σ_c [x_c < 0] over the columns of amounts: numbers of which no training value is below zero, although of m values of a normal of
 * their mean μ and deviation σ, m Φ(−μ / σ) ≥ 5 would be. Features hold a number less its origin.
 *
 * @param columns whose numbers are the first features, in this order
 * @param count training rows, m
 * @returns a function of features [B, width] to [B], which consumes them; none where no column holds amounts
 */
export function belowZero(
  columns: readonly TableColumn[],
  { low, mean, std }: Pick<Spaces, "low" | "mean" | "std">,
  count: number,
): ((x: np.Array) => np.Array) | undefined {
  const zeros = columns
    .filter(({ kind }) => kind.isNumber)
    .map(({ found }, c) => {
      if (found.type === "date") return Number.NEGATIVE_INFINITY;
      const zero = Math.fround(-(found.origin ?? 0));
      const expected = count * normalCdf((zero - valueAt(mean, c)) / valueAt(std, c));
      return valueAt(low, c) >= zero && expected >= EXPECTED ? zero : Number.NEGATIVE_INFINITY;
    });
  if (!zeros.some(Number.isFinite)) return undefined;
  return (x) => {
    const numbers = x.slice([], [0, zeros.length]);
    return np.sum(np.where(np.less(numbers, np.array([zeros])), FARTHER, 0), 1);
  };
}
