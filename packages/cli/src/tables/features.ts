import { numpy as np } from "@jax-js/jax";
import { missingNumber, ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { fillOf } from "./columns/number.js";

/** Encoded rows [B, columns] as numbers between which distances are taken, [B, width]. Consumes the rows. */
export type Features = (x: np.Array) => np.Array;

/** Cells whose features do not say that they are missing: what that costs is counted by its frequency. */
export type CountedCells = "none" | "numbers" | "all";

/**
 * Numbers themselves, then what kinds of columns have beside them: indicators of missing ones, places on circles, a number a value.
 *
 * @param counted cells that have no feature for being missing: a category that is missing has those of the most frequent one
 */
export function featuresOf(columns: readonly TableColumn[], counted: CountedCells = "none"): Features {
  const own = ownColumns(columns).map((each) =>
    counted === "none" || !each.kind.isNumber ? each : { ...each, found: { ...each.found, missing: 0 } },
  );
  const numbers = own.filter(({ kind }) => kind.isNumber);
  const fills = Float32Array.from(numbers, ({ found }) => fillOf(found));
  const places = Int32Array.from(numbers, ({ place }) => place);
  return (x) => {
    const others = own.flatMap((each) => {
      const cells = x.ref.slice([], [each.place, each.place + 1]);
      const lacking = counted === "all" && each.kind.isText ? missingNumber(each) : -1;
      return each.kind.features(
        each.found,
        lacking < 0 ? cells : np.where(np.equal(cells.ref, lacking), 0, cells),
      );
    });
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
  return featuresOf(columns, "all")(np.zeros([1, ownColumns(columns).length])).shape[1] as number;
}
