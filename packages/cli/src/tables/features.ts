import { numpy as np } from "@jax-js/jax";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { fillOf } from "./columns/number.js";

/** Encoded rows [B, columns] as numbers between which distances are taken, [B, width]. Consumes the rows. */
export type Features = (x: np.Array) => np.Array;

/**
 * Numbers themselves, then what kinds of columns have beside them: indicators, places on circles, a number a value.
 *
 * @param indicators with a number that says which numbers are missing, where training rows lacked some
 */
export function featuresOf(columns: readonly TableColumn[], { indicators = true } = {}): Features {
  const own = ownColumns(columns).map((each) =>
    indicators || !each.kind.isNumber ? each : { ...each, found: { ...each.found, missing: 0 } },
  );
  const numbers = own.filter(({ kind }) => kind.isNumber);
  const fills = Float32Array.from(numbers, ({ found }) => fillOf(found));
  const places = Int32Array.from(numbers, ({ place }) => place);
  return (x) => {
    const others = own.flatMap(({ kind, found, place }) =>
      kind.features(found, x.ref.slice([], [place, place + 1])),
    );
    if (numbers.length === 0) {
      x.dispose();
      return np.concatenate(others, 1);
    }
    const values = numbers.length === own.length ? x : np.take(x, np.array(places), 1);
    const filled = np.where(np.isnan(values.ref), np.array(fills), values);
    return others.length === 0 ? filled : np.concatenate([filled, ...others], 1);
  };
}

/** Numbers between which a detector takes distances, of one row. */
export function featureWidth(table: Parameters<typeof tableColumns>[0]): number {
  const columns = tableColumns(table);
  return featuresOf(columns, { indicators: false })(np.zeros([1, ownColumns(columns).length]))
    .shape[1] as number;
}
