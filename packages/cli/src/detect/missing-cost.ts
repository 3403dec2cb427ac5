import { numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { ownColumns, type TableColumn } from "../tables/columns/kinds.js";

/**
 * Nats that a row costs for the numbers that it lacks: Σ_c log((m − k_c + ½) / (k_c + ½)) over the columns c that it lacks, with k_c
 * of m reference rows without a number there. This is −log P(what is missing), less that of a row that lacks nothing, so rows of a
 * table without missing numbers cost exactly 0.
 *
 * @param reference training rows [m, columns]
 * @returns a function of encoded rows [B, columns] to [B], which consumes them; none where no column holds numbers
 */
export function missingCost(
  columns: readonly TableColumn[],
  reference: Float32Array,
): ((rows: np.Array) => np.Array) | undefined {
  const own = ownColumns(columns);
  const lacking = own.map(() => 0);
  for (const [i, value] of reference.entries()) if (Number.isNaN(value)) lacking[i % own.length]! += 1;
  const count = reference.length / own.length;
  if (!own.some(({ kind }) => kind.isNumber)) return undefined;
  const costs = Float32Array.from(own, ({ kind }, i) => {
    const lack = valueAt(lacking, i);
    return kind.isNumber ? Math.log((count - lack + 0.5) / (lack + 0.5)) : 0;
  });
  return (rows) => np.sum(np.where(np.isnan(rows), np.array([...costs]), 0), 1);
}
