import { rowsIn } from "../rows.js";
import type { ValueKind } from "./network.js";
import { Predictive } from "./predictive.js";
import type { TableRegression } from "./table-regression.js";

/** Equally likely values of a prediction. */
export const POINTS = 256;

/** Rows that are predicted at once. */
export const AT_ONCE = 256;

/** The predictions of one column for some rows: of numbers distributions, of classes probabilities [n · classes]. */
export type Predicted = Readonly<{ distributions: readonly Predictive[]; probabilities: Float64Array }>;

/** Of the values that were drawn for each row: of numbers their distribution, of classes their shares. */
export function predictedOf({ classes }: ValueKind, rows: readonly Float64Array[]): Predicted {
  if (classes === undefined)
    return { distributions: rows.map((values) => new Predictive(values)), probabilities: new Float64Array() };
  const shares = rows.flatMap((values) =>
    Array.from(
      { length: classes },
      (_, code) => values.filter((each) => each === code).length / values.length,
    ),
  );
  return { distributions: [], probabilities: Float64Array.from(shares) };
}

/** Predictions of all targets for encoded rows [n, width]. */
export async function predictRows(
  model: TableRegression,
  rows: Float32Array,
  seed: number,
): Promise<Predicted[]> {
  const drawn = await model.draws(rows, POINTS, seed);
  const first = await model.firstProbabilities(rows);
  return model.targets.map(({ kind }, t) => {
    if (t === 0 && first) return { distributions: [], probabilities: first };
    const own = drawn[t] as Float64Array;
    return predictedOf(kind, rowsIn(own, POINTS));
  });
}
