import { numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { missingNumber, ownColumns, type TableColumn } from "../tables/columns/kinds.js";
import type { CountedCells } from "../tables/features.js";

/**
 * Nats that a row costs for the cells that it lacks: Σ_c log((m − k_c + ½) / (k_c + ½)) over the columns c that it lacks, with k_c
 * of m reference rows without a value there. This is −log P(what is missing), less that of a row that lacks nothing, so rows of a
 * table without missing cells cost exactly 0.
 *
 * @param reference training rows [m, columns]
 * @param counted the cells that are counted
 * @returns a function of encoded rows [B, columns] to [B], which consumes them; none where no column is counted
 */
export function missingCost(
  columns: readonly TableColumn[],
  reference: Float32Array,
  counted: CountedCells,
): ((rows: np.Array) => np.Array) | undefined {
  const own = ownColumns(columns).filter(
    ({ kind }) => counted === "all" || (counted === "numbers" && kind.isNumber),
  );
  if (own.length === 0) return undefined;
  const width = ownColumns(columns).length;
  const count = reference.length / width;
  const numbers = new Float32Array(width).fill(-1);
  const costs = new Float32Array(width);
  for (const column of own) {
    const { place } = column;
    numbers[place] = missingNumber(column);
    let lacking = 0;
    for (let i = place; i < reference.length; i += width)
      if (Object.is(reference[i], valueAt(numbers, place))) lacking++;
    costs[place] = Math.log((count - lacking + 0.5) / (lacking + 0.5));
  }
  return (rows) => {
    const isLacking = np.logicalOr(np.isnan(rows.ref), np.equal(rows, np.array([...numbers])));
    return np.sum(np.where(isLacking, np.array([...costs]), 0), 1);
  };
}
